public import SystemPackage

/// The result of a read. Would-block and end of stream are ordinary, so they are values and not errors.
public enum ReadOutcome: Equatable, Sendable {
    /// The buffer holds this many bytes, at least one.
    case bytes(Int)
    /// There is nothing to read now; the poller reports when there is.
    case wouldBlock
    /// The peer has finished sending.
    case end
    /// The connection is broken.
    case failed(Errno)
}
