import Synchronization

/// How many requests clients have begun to send and not finished, over all loops.
final class IncompleteRequests: Sendable {
    fileprivate let count = Atomic<Int>(0)
}

/// One of them.
struct IncompleteRequest: ~Copyable {
    private let all: IncompleteRequests

    /// Counts one more; nil when there are as many as the limit allows.
    init?(_ all: IncompleteRequests, limit: Int) {
        guard all.count.add(1, ordering: .relaxed).newValue <= limit else {
            all.count.subtract(1, ordering: .relaxed)
            return nil
        }
        self.all = all
    }

    deinit { all.count.subtract(1, ordering: .relaxed) }
}
