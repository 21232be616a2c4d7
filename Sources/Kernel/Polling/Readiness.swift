import CLinux

/// The events that the poller reports for a descriptor.
public struct Readiness: OptionSet, Sendable {
    /// The bits of `epoll_event.events`.
    public let rawValue: UInt32

    /// Wraps the bits of `epoll_event.events`.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// There are bytes, a connection or the end of the stream to read (EPOLLIN).
    public static let input = Readiness(rawValue: EPOLLIN.rawValue)
    /// There is room to write (EPOLLOUT).
    public static let output = Readiness(rawValue: EPOLLOUT.rawValue)

    /// The peer has sent an urgent byte (EPOLLPRI). A read stops in front of it, with more to read after it.
    public static let urgent = Readiness(rawValue: EPOLLPRI.rawValue)

    private static let anyHangUp = Readiness(rawValue: EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue)

    /// Whether the peer has finished sending, or the connection is broken: any of EPOLLRDHUP, EPOLLHUP, EPOLLERR.
    public var isHangUp: Bool { !isDisjoint(with: Self.anyHangUp) }
}
