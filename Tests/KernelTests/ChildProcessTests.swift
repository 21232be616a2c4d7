import Kernel
import SystemPackage
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `A child process` {
    @Test func `has its output, its errors and its exit code collected`() throws {
        let child = try ChildProcess("sh", ["-c", "echo out; echo err >&2; read line; exit 3"], outputLimit: 100)
        #expect(child.output == Array("out\n".utf8) && child.error == Array("err\n".utf8) && child.code == 3)
    }

    @Test func `that writes more than the limit is killed`() throws {
        let child = try ChildProcess("yes", [], outputLimit: 1000)
        #expect(child.code == nil && child.output.count > 1000)
    }

    @Test func `that does not exist is an error`() {
        #expect(throws: Errno.noSuchFileOrDirectory) { try ChildProcess("/nowhere/program", [], outputLimit: 1) }
    }

    @Test func `blocks no signal, whatever its parent blocks`() throws {
        let child = try ChildProcess("grep", ["SigBlk", "/proc/self/status"], outputLimit: 100)
        #expect(String(decoding: child.output, as: UTF8.self).hasSuffix("\t0000000000000000\n"))
    }
}
