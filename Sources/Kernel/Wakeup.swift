import CLinux
import Glibc
public import SystemPackage

/// Wakes a poller from another thread. The corresponding C function is `eventfd`.
public struct Wakeup: ~Copyable, Sendable {
    /// To be watched for input.
    public let descriptor: Descriptor

    /// Makes one that has not been rung.
    public init() throws(Errno) {
        let flags = CInt(EFD_NONBLOCK) | CInt(EFD_CLOEXEC)
        descriptor = Descriptor(owning: try invoke(.eventfd) { eventfd(0, flags) })
    }

    /// Makes the descriptor readable. Any thread may call this; ringing twice is ringing once.
    public func ring() {
        // EAGAIN means that the counter is full, so the descriptor is readable already.
        _ = descriptor.write([1, 0, 0, 0, 0, 0, 0, 0])
    }

    /// Makes the descriptor unreadable again.
    public func silence() {
        var counter: UInt64 = 0
        _ = unsafe withUnsafeMutableBytes(of: &counter) { unsafe descriptor.read(into: $0) }
    }

    /// Waits until it is rung, for a thread that waits for nothing else.
    ///
    /// - Returns: whether it was, within the time; true also when a signal came in between.
    public func wait(milliseconds: Int) -> Bool {
        var polled = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&polled, 1, CInt(clamping: milliseconds)) != 0
    }
}

extension Descriptor {
    /// Waits until something can be read from one of two, or the other side of one has gone. For programs that wait for
    /// these two and nothing else; files are always readable. The corresponding C function is `poll`.
    public static func waitForInput(_ one: borrowing Descriptor, _ other: borrowing Descriptor) -> (Bool, Bool) {
        var polled = [
            pollfd(fd: one.number, events: Int16(POLLIN), revents: 0),
            pollfd(fd: other.number, events: Int16(POLLIN), revents: 0),
        ]
        // Whatever interrupts it is found by those who read.
        guard unsafe poll(&polled, 2, -1) > 0 else { return (false, false) }
        return (polled[0].revents != 0, polled[1].revents != 0)
    }
}
