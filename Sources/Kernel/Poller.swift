import CLinux
import Glibc
public import SystemPackage

/// What a descriptor is reported ready for.
public struct Readiness: OptionSet, Sendable {
    /// The bits of `epoll_event.events`.
    public let rawValue: UInt32

    /// Wraps the bits of `epoll_event.events`.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Bytes, a connection or the end of the stream wait to be read (EPOLLIN).
    public static let input = Readiness(rawValue: EPOLLIN.rawValue)
    /// There is room to write (EPOLLOUT).
    public static let output = Readiness(rawValue: EPOLLOUT.rawValue)

    private static let anyHangUp = Readiness(rawValue: EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue)

    /// Whether the peer has finished sending, or the connection is broken: any of EPOLLRDHUP, EPOLLHUP, EPOLLERR.
    public var isHangUp: Bool { !isDisjoint(with: Self.anyHangUp) }
}

/// An epoll instance. It can change hands, and has one owner at a time, who alone uses its buffer: hence `@unchecked`. The corresponding C functions are `epoll_create1`, `epoll_ctl` and `epoll_wait`.
@safe
public struct Poller: ~Copyable, @unchecked Sendable {
    private let descriptor: Descriptor
    private let events: UnsafeMutableBufferPointer<epoll_event>
    private var count = 0

    /// - Parameter capacity: how many descriptors one ``wait(milliseconds:)`` may report.
    public init(capacity: Int = 512) throws(Errno) {
        descriptor = Descriptor(owning: try invoke(.epollCreate) { epoll_create1(CInt(EPOLL_CLOEXEC)) })
        unsafe events = .allocate(capacity: capacity)
        unsafe events.initialize(repeating: epoll_event())
    }

    deinit {
        unsafe events.deallocate()
    }

    /// Watches a connection for input, output and hang-up, edge-triggered, for the rest of its life: the one
    /// `epoll_ctl` it ever costs. What is not read or written until would-block is not told again.
    public func watch(_ connection: borrowing Descriptor, token: UInt64) throws(Errno) {
        try control(
            EPOLL_CTL_ADD, connection.number,
            EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue, token)
    }

    /// Watches a listening socket that other pollers watch too; a waiting connection wakes one of them and not all
    /// (EPOLLEXCLUSIVE). Level-triggered: what one turn leaves in the backlog is told again in the next.
    public func watchShared(_ listener: borrowing Descriptor, token: UInt64) throws(Errno) {
        try control(EPOLL_CTL_ADD, listener.number, EPOLLIN.rawValue | EPOLLEXCLUSIVE.rawValue, token)
    }

    /// Watches a wakeup or a signal descriptor for input, level-triggered.
    public func watchInput(_ descriptor: borrowing Descriptor, token: UInt64) throws(Errno) {
        try control(EPOLL_CTL_ADD, descriptor.number, EPOLLIN.rawValue, token)
    }

    /// Stops watching. Closing a descriptor does the same, unless it was duplicated.
    public func forget(_ descriptor: borrowing Descriptor) throws(Errno) {
        try control(EPOLL_CTL_DEL, descriptor.number, 0, 0)
    }

    /// Waits for something to happen, and answers how many descriptors it happened to.
    ///
    /// - Parameter milliseconds: 0 only looks; negative waits for ever.
    public mutating func wait(milliseconds: Int) throws(Errno) -> Int {
        let timeout = CInt(clamping: milliseconds)
        count = Int(
            try invoke(.epollWait) {
                unsafe epoll_wait(descriptor.number, events.baseAddress, CInt(events.count), timeout)
            })
        return count
    }

    /// The `index`th report of the last wait.
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
