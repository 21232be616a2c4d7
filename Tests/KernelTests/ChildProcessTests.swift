import Kernel
import SystemPackage
import Synchronization
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

    @Test func `has idle priority if the thread that starts it has`() throws {
        let policy = Mutex("")
        let thread = try Kernel.Thread(named: "idle") {
            Thread.becomeIdle()
            let child = try? ChildProcess("cat", ["/proc/self/stat"], outputLimit: 1000)
            // Field 41 of stat(5); its second field is the name of the program.
            let fields = String(decoding: child?.output ?? [], as: UTF8.self).split(separator: " ")
            policy.withLock { $0 = fields.count > 40 ? String(fields[40]) : "no answer" }
        }
        thread.join()
        #expect(policy.withLock { $0 } == "5")
    }
}
