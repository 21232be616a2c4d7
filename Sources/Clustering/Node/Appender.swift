import Broadcasting

/// Appends a node's batches to the log, one at a time, and finds out what became of each.
final class Appender {
    private let log: any SharedLog
    private let node: String
    private let epoch: Epoch
    private let timeout: UInt64
    /// Where the next entry goes; nil when the process must claim the name of the node, because it has not yet, or because an
    /// entry that it has given up may still be on its way.
    private var place: WriterPlace?
    /// Whether another process has claimed the name of the node. It keeps it: two would take it from each other for ever.
    private var isNameTaken = false
    /// The lives that this process has claimed.
    private var lives: Set<String> = []

    /// What becomes of a batch.
    enum Outcome: Equatable {
        /// The log has it: its publishers are answered when it comes back.
        case appended
        /// The log will never have it.
        case refused(String)
        /// The log may have it, or get it.
        case uncertain(String)
        /// Another process has claimed the name of the node.
        case nameTaken
        /// The log is in another epoch.
        case replaced(String)
        /// The store was put back: it has given a revision again.
        case putBack(String)

        /// Tells the publishers of a batch that has not come back.
        ///
        /// - Returns: what the node cannot go on with; nil when it can.
        func refuse(_ batch: SharedBatch, of hub: Hub) -> NodeStatus.Trouble? {
            switch self {
            case .appended: break
            case .refused(let reason): hub.refuse(batch, isCertain: true, reason)
            case .uncertain(let reason): hub.refuse(batch, isCertain: false, reason)
            case .nameTaken:
                hub.refuse(batch, isCertain: false, "another process uses the name of this node")
                return .nameTaken
            case .replaced(let reason), .putBack(let reason):
                hub.refuse(batch, isCertain: false, reason)
                return .mustStartOver(reason)
            }
            return nil
        }
    }

    init(_ log: any SharedLog, node: String, epoch: Epoch, timeout: UInt64) {
        (self.log, self.node, self.epoch, self.timeout) = (log, node, epoch, timeout)
    }

    /// Claims the name of the node with a new life.
    func claim() throws(LogFailure) -> WriterPlace {
        if let place { return place }
        guard !isNameTaken else { throw .refused("another process uses the name of this node") }
        let life = Epoch.random().description
        let claimed = WriterPlace(node: node, life: life, count: 0)
        lives.insert(life)
        try log.claim(claimed)
        place = claimed
        return claimed
    }

    /// Appends a batch.
    ///
    /// - Parameters:
    ///   - applied: the newest revision that the node has applied.
    ///   - expect: called with its place before anybody else can see it.
    ///   - now: the time, as of ``SharedBatch/since``.
    ///   - pause: waits a moment before the next attempt.
    /// - Returns: what became of it, and the place that `expect` got.
    func append(
        _ batch: SharedBatch, time: UInt64, claim: Entry.Claim?, applied: UInt64, expect: (WriterPlace) -> Void,
        now: () -> UInt64, pause: () -> Void
    ) -> (Outcome, WriterPlace?) {
        if isNameTaken { return (.nameTaken, nil) }
        let deadline = batch.since + timeout
        let place: WriterPlace
        while true {
            do throws(LogFailure) {
                place = try self.claim()
                break
            } catch {
                // A member of another etcd may have taken the place of a silent one: the node that watches decides.
                let isTransient = if case .refused = error { false } else if case .full = error { false } else { true }
                guard isTransient, now() < deadline else { return (.refused(error.description), nil) }
                pause()
            }
        }
        let entry = Entry(place: place, time: time, claim: claim, changes: batch.changes).bytes
        expect(place)
        let outcome = append(entry, at: place, applied: applied, deadline: deadline, now: now, pause: pause)
        if outcome == .appended {
            self.place = place.next
        } else {
            // An attempt may still be on its way. A new life makes sure that it fails, or has come before.
            self.place = nil
            isNameTaken = outcome == .nameTaken
        }
        return (outcome, place)
    }

    private func append(
        _ entry: [UInt8], at place: WriterPlace, applied: UInt64, deadline: UInt64, now: () -> UInt64, pause: () -> Void
    ) -> Outcome {
        var isUncertain = false
        while true {
            do throws(LogFailure) {
                switch try log.append(entry, at: place, epoch: epoch) {
                case .appended(let revision) where revision != 0 && revision <= applied:
                    return .putBack("the store was put back: it is at \(revision), and was at \(applied)")
                case .appended: return .appended
                case .otherEpoch: return .replaced("the log has begun a new epoch")
                case .moved(place.next): return .appended
                case .moved(let other?) where !lives.contains(other.life): return .nameTaken
                case .moved:
                    return isUncertain ? .uncertain("the place of the node is another one") : .refused("try again")
                }
            } catch {
                switch error {
                case .full(let reason):
                    // "Full" does not mean that the entry was not stored: the place tells.
                    guard let found = try? log.place(of: node) else {
                        isUncertain = true
                        break
                    }
                    if found == place.next { return .appended }
                    return isUncertain ? .uncertain(reason) : .refused(reason)
                case .refused(let reason): return isUncertain ? .uncertain(reason) : .refused(reason)
                case .unreachable, .compacted, .replaced: isUncertain = true
                }
                if now() >= deadline { return .uncertain(error.description) }
                pause()
            }
        }
    }
}
