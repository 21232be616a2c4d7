import Kernel
import Synchronization

/// How many subscribers each caller and each client address has, over all loops. A key is in the table as long as it has
/// subscribers, so the table is never larger than there are subscribers.
final class SubscriberCounts: Sendable {
    /// Whose subscribers count together.
    enum Key: Hashable, Sendable {
        case name(String)
        case address(AddressBlock)
    }

    private let counts = Mutex<[Key: Int]>([:])

    /// Counts a subscriber for each key, or for none of them.
    ///
    /// - Returns: the first key that has as many as it may have; nil when the subscriber is counted.
    func add(_ keys: [(key: Key, limit: Int)]) -> Key? {
        counts.withLock { counts in
            for (key, limit) in keys where counts[key, default: 0] >= limit { return key }
            for (key, _) in keys { counts[key, default: 0] += 1 }
            return nil
        }
    }

    /// Counts a subscriber of the process before, also above a limit.
    func restore(_ keys: [Key]) {
        counts.withLock { counts in
            for key in keys { counts[key, default: 0] += 1 }
        }
    }

    /// A counted subscriber has gone.
    func remove(_ keys: [Key]) {
        counts.withLock { counts in
            for key in keys {
                guard let count = counts[key] else { continue }
                counts[key] = count > 1 ? count - 1 : nil
            }
        }
    }

    /// How many keys have subscribers.
    var count: Int { counts.withLock { $0.count } }
}
