import Access
import Broadcasting
import Kernel
import Synchronization

/// The subscriptions that an operator has ended, for a minute: a client that subscribes to the same again at once gets 204,
/// after which an EventSource stops.
final class EndedSessions: Sendable {
    /// What a client that reconnects has in common with the one that was ended.
    struct Key: Hashable, Sendable {
        let address: IPAddress?
        let agent: [UInt8]
        let subjects: Set<TopicSubject>
        let form: StreamForm
    }

    /// Milliseconds for which it remembers one.
    private static let period: UInt64 = 60_000
    /// How many it remembers. Beyond this it forgets all.
    private static let limit = 10_000

    private let entries = Guarded<[Key: (until: UInt64, lastEventID: [UInt8]?)]>([:])
    private let count = Atomic(0)

    /// - Parameters:
    ///   - lastEventID: the id of the last event that the client has got; nil when that is unknown, and then any matches.
    ///   - now: milliseconds of the monotonic clock.
    func add(_ key: Key, lastEventID: [UInt8]?, now: UInt64) {
        let count = entries.withLock { entries in
            if entries.count >= Self.limit { entries = entries.filter { $0.value.until > now } }
            if entries.count >= Self.limit { entries = [:] }
            entries[key] = (now + Self.period, lastEventID)
            return entries.count
        }
        self.count.store(count, ordering: .relaxed)
    }

    /// Whether nobody has been ended lately.
    var isEmpty: Bool { count.load(ordering: .relaxed) == 0 }

    /// Whether a client must not come back yet.
    func has(_ key: Key, lastEventID: [UInt8]?, now: UInt64) -> Bool {
        let (isEnded, count) = entries.withLock { entries in
            guard let entry = entries[key] else { return (false, entries.count) }
            guard entry.until > now else {
                entries[key] = nil
                return (false, entries.count)
            }
            return (entry.lastEventID.map { $0 == lastEventID } ?? true, entries.count)
        }
        self.count.store(count, ordering: .relaxed)
        return isEnded
    }
}
