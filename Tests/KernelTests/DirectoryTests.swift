import Glibc
import Kernel
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `A directory` {
    @Test func `lists files and directories, but no name that begins with a dot`() throws {
        let path = "/tmp/crier-directory-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try #require(unsafe mkdir(path, 0o700) == 0)
        // The longest name that Linux knows, and one of several bytes a character.
        let shown = ["a", "b.c", "é ü", "x..", String(repeating: "n", count: 255)]
        let hidden = [".hidden", "..x"]
        defer {
            for name in shown + hidden { unsafe unlink(path + "/" + name) }
            unsafe rmdir(path + "/sub")
            unsafe rmdir(path)
        }
        #expect(Directory.names(path).isEmpty)
        for name in shown + hidden { _ = Descriptor(owning: unsafe creat(path + "/" + name, 0o600)) }
        try #require(unsafe mkdir(path + "/sub", 0o700) == 0)
        #expect(Directory.names(path).sorted() == (shown + ["sub"]).sorted())
    }

    @Test func `has no names when there is no such directory`() {
        #expect(Directory.names("/no/such/directory").isEmpty)
        #expect(Directory.names("/dev/null").isEmpty)
    }

    @Test func `leaves no descriptor open`() throws {
        #expect(Directory.names("/proc/self/task").contains("\(getpid())"))
        let isOpen = Directory.names("/proc/self/fd").filter { name in
            var target = [UInt8](repeating: 0, count: 64)
            let count = unsafe target.withUnsafeMutableBytes {
                unsafe readlink("/proc/self/fd/\(name)", $0.baseAddress!, $0.count)
            }
            return count > 0 && String(decoding: target[..<count], as: UTF8.self).hasSuffix("/task")
        }
        #expect(isOpen.isEmpty)
    }
}
