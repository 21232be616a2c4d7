import CLinux
import Glibc
public import SystemPackage

/// An epoll instance. It can move between threads, and only its one owner uses its buffer: hence `@unchecked`. The
/// corresponding C functions are `epoll_create1`, `epoll_ctl` and `epoll_wait`.
@safe
public struct Poller: ~Copyable, @unchecked Sendable {
    private let descriptor: Descriptor
    private let events: UnsafeMutableBufferPointer<epoll_event>
    private var count = 0

    /// - Parameter capacity: the most descriptors that one ``wait(milliseconds:)`` reports.
    public init(capacity: Int = 512) throws(Errno) {
        descriptor = Descriptor(owning: try invoke(.epollCreate) { epoll_create1(CInt(EPOLL_CLOEXEC)) })
        unsafe events = .allocate(capacity: capacity)
        unsafe events.initialize(repeating: epoll_event())
    }

    deinit {
        unsafe events.deallocate()
    }

    /// Watches a connection for input, output and hang-up, edge-triggered, until it closes. It needs no other
    /// `epoll_ctl`. Read and write until would-block: the poller does not report the same readiness again.
    public func watch(_ connection: borrowing Descriptor, token: UInt64) throws(Errno) {
        try control(
            EPOLL_CTL_ADD, connection.number,
            EPOLLIN.rawValue | EPOLLPRI.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue, token)
    }

    /// Watches a listening socket that other pollers watch too. A new connection wakes one of them and not all
    /// (EPOLLEXCLUSIVE). Level-triggered: the next wait reports connections that this one left in the queue.
    public func watchShared(_ listener: borrowing Descriptor, token: UInt64) throws(Errno) {
        try control(EPOLL_CTL_ADD, listener.number, EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue, token)
    }

    /// Watches a wakeup or a signal descriptor for input, level-triggered.
    public func watchInput(_ descriptor: borrowing Descriptor, token: UInt64) throws(Errno) {
        try control(EPOLL_CTL_ADD, descriptor.number, EPOLLIN.rawValue, token)
    }

    /// Stops watching. Closing a descriptor does the same, unless it was duplicated.
    public func unwatch(_ descriptor: borrowing Descriptor) throws(Errno) {
        try control(EPOLL_CTL_DEL, descriptor.number, 0, 0)
    }

    /// Waits for events.
    ///
    /// - Parameter milliseconds: 0 returns at once; negative waits without limit.
    /// - Returns: how many descriptors have events.
    /// - Throws: errors other than EINTR, after which it waits again.
    public mutating func wait(milliseconds: Int) throws(Errno) -> Int {
        let timeout = CInt(clamping: milliseconds)
        count = Int(
            try invoke(.epollWait) {
                unsafe epoll_wait(descriptor.number, events.baseAddress, CInt(events.count), timeout)
            })
        return count
    }

    /// The report at `index` of the last wait; it traps beyond the count that the wait returned.
    public subscript(index: Int) -> (token: UInt64, readiness: Readiness) {
        precondition(index < count)
        let event = unsafe events[index]
        return (unsafe event.data.u64, Readiness(rawValue: unsafe event.events))
    }

    private func control(_ operation: CInt, _ number: CInt, _ bits: UInt32, _ token: UInt64) throws(Errno) {
        var event = unsafe epoll_event()
        unsafe event.events = bits
        unsafe event.data.u64 = token
        _ = try invoke(.epollControl) { unsafe epoll_ctl(descriptor.number, operation, number, &event) }
    }
}
