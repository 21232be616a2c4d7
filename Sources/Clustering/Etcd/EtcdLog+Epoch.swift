public import Broadcasting

/// The epoch of the log, which names its store too.
extension EtcdLog {
    /// See ``SharedLog/open(proposing:seen:)``.
    public func open(proposing proposed: Epoch, seen: LogMark?) throws(LogFailure) -> LogMark {
        try checkMembers(seen?.store)
        for _ in 0..<Self.attempts {
            if let mark = try open(proposed, seen, beginning: try beginning()) { return mark }
        }
        throw .unreachable("others change the epoch again and again")
    }

    /// - Returns: nil when it has changed the epoch.
    private func open(
        _ proposed: Epoch, _ seen: LogMark?, beginning: UInt64
    ) throws(LogFailure) -> LogMark? {
        try using(controlling) { connection throws(LogFailure) in
            let floor = try connection.read(EtcdMethod.range, EtcdRequest.range(keys.floor)).pairs.first
            let answer = try connection.read(EtcdMethod.range, EtcdRequest.range(keys.epoch))
            let stored = answer.pairs.first
            if let mark = stored.flatMap({ Self.mark($0.text, answer.revision) }), mark.store == answer.cluster {
                let isBehind = seen.map { $0.epoch == mark.epoch && $0.revision > mark.revision } ?? false
                // What others have compacted, this node would not know, and the nodes that run would.
                let isCut = beginning > floor.flatMap { UInt64($0.text) } ?? 0
                if !isBehind, !isCut {
                    store.withLock { $0 = answer.cluster }
                    return mark
                }
            }
            // A new log, or a store that was put back, or one that somebody else has compacted.
            _ = try connection.read(
                EtcdMethod.transaction, write(proposed, answer.cluster, over: stored, floor: beginning))
            return nil
        }
    }

    /// Checks that the members belong together, and uses one of them that knows a store.
    ///
    /// - Parameter known: the store that this node has seen; nil for none.
    private func checkMembers(_ known: String?) throws(LogFailure) {
        let members = members()
        let stores = Set(members.compactMap(\.store))
        if let known, !stores.contains(known), let silent = members.first(where: { $0.store == nil }), !stores.isEmpty {
            throw .unreachable(
                "\(silent.address) does not answer, and the others are of another etcd than this node has seen")
        }
        guard stores.count > 1 else { return }
        guard let known, let member = members.first(where: { $0.store == known }) else {
            throw .refused("the members in cluster.endpoints belong to \(stores.count) different etcds")
        }
        store.withLock { $0 = known }
        endpoints.use(member.address)
    }

    /// See ``SharedLog/isReplaced``.
    public var isReplaced: Bool {
        let known = store.withLock { $0 }
        return members().allSatisfy { member in member.store.map { $0 != known } ?? false }
    }

    /// How often something is tried that fails only when others do the same.
    static let attempts = 8

    /// - Parameter floor: see ``EtcdKeys/floor``; nil to leave it.
    private func write(_ epoch: Epoch, _ cluster: String, over stored: EtcdPair?, floor: UInt64?) -> [UInt8] {
        let puts = [
            EtcdRequest.Operation.put(keys.epoch, Array("\(epoch) \(cluster)".utf8)),
            floor.map { .put(keys.floor, Array("\($0)".utf8)) },
        ]
        return EtcdRequest.transaction([.modified(keys.epoch, stored?.modified ?? 0)], puts.compactMap { $0 })
    }

    func writeFloor(_ floor: UInt64) -> [UInt8] {
        EtcdRequest.transaction([], [.put(keys.floor, Array("\(floor)".utf8))])
    }

    /// See ``SharedLog/replaceEpoch(_:with:)``.
    public func replaceEpoch(_ old: Epoch, with new: Epoch) throws(LogFailure) {
        try using(controlling) { connection throws(LogFailure) in
            let answer = try connection.read(EtcdMethod.range, EtcdRequest.range(keys.epoch))
            guard let stored = answer.pairs.first, stored.text.hasPrefix("\(old) ") else { return }
            _ = try connection.read(EtcdMethod.transaction, write(new, answer.cluster, over: stored, floor: nil))
        }
    }

    private static func mark(_ text: String, _ revision: UInt64) -> LogMark? {
        let parts = text.split(separator: " ")
        guard parts.count == 2 else { return nil }
        return LogMark(epoch: Epoch(description: String(parts[0])), store: String(parts[1]), revision: revision)
    }

    static func epoch(_ pair: EtcdPair?) -> Epoch? { pair.flatMap { mark($0.text, 0) }?.epoch }
}
