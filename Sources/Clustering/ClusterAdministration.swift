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
    public func trim(below number: UInt64, now: UInt64) throws(LogFailure) {
        let epoch = try log.open(proposing: .random(), seen: nil).epoch
        let appender = Appender(log, node: Self.node, epoch: epoch, timeout: 10_000)
        var clock = now
        let batch = SharedBatch(.trim(SharedTrim(below: number, keysBelow: number)), since: now)
        let (outcome, _) = appender.append(
            batch, time: now, claim: nil, expect: { _ in },
            now: {
                clock += UInt64(EtcdConnection.patience)
                return clock
            }, pause: {})
        switch outcome {
        case .appended: return
        case .refused(let reason), .uncertain(let reason), .replaced(let reason): throw .unreachable(reason)
        case .nameTaken: throw .unreachable("somebody else trims the log")
        }
    }

    /// In whose name a trim is appended. No node has such a name.
    private static let node = "crier cluster trim"
}
