import Glibc
import Kernel
import Supervising
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `Inherited sockets` {
    @Test func `are none without systemd`() {
        InheritedSockets.take { socket in #expect(Bool(false), "\(socket.name)") }
    }

    @Test func `are taken once, so that no child process takes them too`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            // systemd passes descriptors from number 3 on; the test library may use that number for its own.
            if fcntl(3, F_GETFD) < 0 { dup2(STDERR_FILENO, 3) }
            unsafe setenv("LISTEN_PID", "\(getpid())", 1)
            unsafe setenv("LISTEN_FDS", "1", 1)
            unsafe setenv("LISTEN_FDNAMES", "mine", 1)
            var names: [String] = []
            for _ in 0..<2 {
                InheritedSockets.take { socket in
                    names.append(socket.name)
                    _ = socket.takeDescriptor().release()
                }
            }
            exit(names == ["mine"] ? 0 : 2)
        }
    }
}
