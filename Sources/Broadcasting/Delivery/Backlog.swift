import Synchronization

/// Bytes still to be written to subscribers, an event counted once for each of them: of one topic, or of all topics on
/// one loop. Publishers wait while there are too many.
public final class Backlog: Sendable {
    private let bytes = Atomic<Int>(0)

    /// An empty backlog.
    public init() {}

    /// The bytes that wait now.
    public var current: Int { bytes.load(ordering: .sequentiallyConsistent) }

    func add(_ work: Int) {
        bytes.add(work, ordering: .sequentiallyConsistent)
    }

    /// Subtracts work that is done.
    ///
    /// - Returns: whether that brought the backlog from above the limit to the limit or below.
    public func subtract(_ work: Int, limit: Int) -> Bool {
        let (old, new) = bytes.subtract(work, ordering: .sequentiallyConsistent)
        return old > limit && new <= limit
    }
}
