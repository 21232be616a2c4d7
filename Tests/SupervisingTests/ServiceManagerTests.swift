import Glibc
import Supervising
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `The service manager` {
    @Test func `is notified in the protocol of sd_notify`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            let path = "/tmp/crier-notify-\(getpid())"
            let receiver = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
            unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = unsafe bind(receiver, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            unsafe setenv("NOTIFY_SOCKET", path, 1)
            func next() -> String {
                var buffer = [UInt8](repeating: 0, count: 512)
                let count = unsafe recv(receiver, &buffer, buffer.count, 0)
                return String(decoding: buffer[..<count], as: UTF8.self)
            }
            ServiceManager.ready(status: "3 subscribers")
            var isRight = next() == "READY=1\nSTATUS=3 subscribers"
            ServiceManager.reloading(monotonicMicroseconds: 42)
            isRight = isRight && next() == "RELOADING=1\nMONOTONIC_USEC=42"
            ServiceManager.alive()
            isRight = isRight && next() == "WATCHDOG=1"
            ServiceManager.stopping(status: "bye")
            isRight = isRight && next() == "STOPPING=1\nSTATUS=bye"
            unsafe unlink(path)
            exit(isRight ? 0 : 1)
        }
    }

    @Test func `sets the time-out of the watchdog`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            guard ServiceManager.watchdog == nil else { exit(1) }
            unsafe setenv("WATCHDOG_USEC", "20000000", 1)
            unsafe setenv("WATCHDOG_PID", "\(getpid())", 1)
            exit(ServiceManager.watchdog == 20_000 ? 0 : 2)
        }
    }
}
