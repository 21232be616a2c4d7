import Synchronization

/// Bytes still to be written to subscribers: of one topic, an event counted once for each subscriber; or of one loop, an
/// event counted once. Publishers wait while a backlog exceeds its limit.
public final class Backlog: Sendable {
    private let bytes = Atomic<Int>(0)

    /// An empty backlog.
    public init() {}

    /// The bytes that wait now, 0 or more.
    public var current: Int { bytes.load(ordering: .sequentiallyConsistent) }

    func add(_ work: Int) {
        bytes.add(work, ordering: .sequentiallyConsistent)
    }

    /// Subtracts bytes that are done.
    ///
    /// - Returns: whether the backlog fell from above the limit to the limit or below, so that publishers may continue.
    public func subtract(_ work: Int, limit: Int) -> Bool {
        let (old, new) = bytes.subtract(work, ordering: .sequentiallyConsistent)
        return old > limit && new <= limit
    }
}
