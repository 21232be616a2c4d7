import CLinux
import Glibc
public import SystemPackage

/// Wakes a thread that waits. The corresponding C function is `eventfd`.
public struct Wakeup: ~Copyable, Sendable {
    /// The descriptor for a poller to watch for input.
    public let descriptor: Descriptor

    /// Creates one that is not notified.
    ///
    /// - Parameter addsUp: whether ``clear()`` takes back one notification, for several threads that wait: each
    ///   notification is then for one of them.
    public init(addsUp: Bool = false) throws(Errno) {
        let flags = CInt(EFD_NONBLOCK) | CInt(EFD_CLOEXEC) | (addsUp ? CInt(EFD_SEMAPHORE) : 0)
        descriptor = Descriptor(owning: try invoke(.eventfd) { eventfd(0, flags) })
    }

    /// Wakes the thread that waits. Any thread may call this.
    public func notify() {
        // EAGAIN means that the counter is full, so the descriptor is already readable.
        _ = descriptor.write([1, 0, 0, 0, 0, 0, 0, 0])
    }

    /// Forgets the notifications so far: the descriptor is no longer readable.
    public func clear() {
        var counter: UInt64 = 0
        _ = unsafe withUnsafeMutableBytes(of: &counter) { unsafe descriptor.read(into: $0) }
    }

    /// Waits for a notification, on a thread that waits for nothing else. The corresponding C function is `poll`.
    ///
    /// - Returns: whether there was one within the time; also true when a signal interrupted the wait.
    public func wait(milliseconds: Int) -> Bool {
        var polled = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&polled, 1, CInt(clamping: milliseconds)) != 0
    }
}
