public import SystemPackage

/// The result of a write.
public enum WriteOutcome: Equatable, Sendable {
    /// The kernel took this many bytes; fewer than offered means that its buffer is full.
    case wrote(Int)
    /// The kernel's buffer is full; the poller reports when there is room.
    case wouldBlock
    /// The connection is broken.
    case failed(Errno)
}
