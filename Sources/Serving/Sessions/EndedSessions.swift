import Broadcasting
import Kernel
import Synchronization

/// The subscriptions that an operator has ended, for a minute: a client that subscribes to the same again at once gets 204,
/// after which an EventSource stops.
final class EndedSessions: Sendable {
    /// What a client that reconnects has in common with the one that was ended, besides its position.
    struct Key: Hashable, Sendable {
        let address: IPAddress?
        let agent: [UInt8]
        let subjects: Set<TopicSubject>
        let form: StreamForm
    }

    /// What the client says of its position when it reconnects.
    enum Position: Hashable, Sendable {
        /// Nobody can tell. Then one client gets 204, whichever comes first.
        case unknown
        /// Nothing, as every new client does: so one client gets 204, whichever comes first.
        case none
        /// This id.
        case id([UInt8])
    }

    private struct Place: Hashable {
        let key: Key
        let position: Position
    }

    /// Milliseconds for which it remembers one.
    private static let period: UInt64 = 60_000
    /// How many it remembers. Beyond this it forgets all.
    private static let limit = 10_000

    private let entries = Guarded<[Place: (until: UInt64, clients: Int)]>([:])
    /// When the last of them is over.
    private let lastUntil = Atomic<UInt64>(0)

    /// - Parameter now: milliseconds of the monotonic clock.
    func add(_ key: Key, _ position: Position, now: UInt64) {
        entries.withLock { entries in
            if entries.count >= Self.limit { entries = entries.filter { $0.value.until > now } }
            if entries.count >= Self.limit { entries = [:] }
            let place = Place(key: key, position: position)
            entries[place] = (now + Self.period, (entries[place]?.clients ?? 0) + 1)
            lastUntil.store(now + Self.period, ordering: .relaxed)
        }
    }

    /// Whether nobody has been ended lately.
    func isEmpty(at now: UInt64) -> Bool {
        let last = lastUntil.load(ordering: .relaxed)
        if last == 0 { return true }
        guard now >= last else { return false }
        return entries.withLock { entries in
            // Another loop may have added one meanwhile.
            guard now >= lastUntil.load(ordering: .relaxed) else { return false }
            entries = [:]
            lastUntil.store(0, ordering: .relaxed)
            return true
        }
    }

    /// Whether a client must not come back yet.
    func take(_ key: Key, lastEventID: [UInt8]?, now: UInt64) -> Bool {
        entries.withLock { entries in
            if let id = lastEventID, let entry = entries[Place(key: key, position: .id(id))], entry.until > now {
                return true
            }
            for position in lastEventID == nil ? [Position.none, .unknown] : [.unknown] {
                let place = Place(key: key, position: position)
                guard let entry = entries[place], entry.until > now else { continue }
                entries[place] = entry.clients > 1 ? (entry.until, entry.clients - 1) : nil
                return true
            }
            return false
        }
    }
}
