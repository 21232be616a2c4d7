public import Broadcasting

/// What an operator does with the log of a cluster, beside its nodes.
public struct ClusterAdministration {
    private let log: EtcdLog

    /// - Throws: when libcurl is missing.
    public init(_ settings: EtcdSettings) throws(LogFailure) { log = try EtcdLog(settings) }

    /// The end of the log, the nodes that live, and the members of etcd. Changes nothing.
    public func status() throws(LogFailure) -> (head: LogHead, nodes: [String: String], members: [EtcdMember]) {
        let members = log.members()
        let head = try log.head()
        let nodes = try log.nodes().mapValues { String(decoding: $0, as: UTF8.self) }
        return (head, nodes, members)
    }

    /// Begins a new epoch: all nodes read the log again, and every client that resumes gets a gap.
    ///
    /// - Returns: the new epoch.
    public func beginEpoch() throws(LogFailure) -> Epoch {
        let new = Epoch.random()
        let old = try log.open(proposing: new, seen: nil).epoch
        if old != new { try log.replaceEpoch(old, with: new) }
        return try log.open(proposing: new, seen: nil).epoch
    }

    /// Has all nodes forget events, ends of channels and idempotency keys. One of the nodes then frees their room in etcd.
    ///
    /// - Parameters:
    ///   - number: of the first event that stays.
    ///   - now: milliseconds since 1970.
    ///   - given: the epoch of an id that the operator named; nil for a bare number.
    /// - Throws: `refused` when the log has no such number.
    public func trim(below number: UInt64, in given: Epoch?, now: UInt64) throws(LogFailure) {
        let head = try log.head()
        guard let epoch = head.epoch else { throw .refused("there is no log yet") }
        guard given.map({ $0 == epoch }) ?? true else {
            throw .refused("the epoch of the log is \(epoch), and that of the id another one")
        }
        guard number <= SharedNumber.last(of: head.entry) else {
            throw .refused("the newest number of the log is \(SharedNumber.last(of: head.entry))")
        }
        _ = try log.open(proposing: epoch, seen: nil)
        let appender = Appender(log, node: Self.node, epoch: epoch, timeout: 10_000)
        var clock = now
        let batch = SharedBatch(.trim(SharedTrim(below: number, keysBelow: number)), since: now)
        let (outcome, _) = appender.append(
            batch, time: now, claim: nil, applied: 0, expect: { _ in },
            now: {
                clock += UInt64(EtcdConnection.patience)
                return clock
            }, pause: {})
        switch outcome {
        case .appended: return
        case .refused(let reason), .uncertain(let reason), .replaced(let reason), .putBack(let reason):
            throw .unreachable(reason)
        case .nameTaken: throw .unreachable("somebody else trims the log")
        }
    }

    /// In whose name a trim is appended. No node has such a name.
    private static let node = "crier cluster trim"
}
