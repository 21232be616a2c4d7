/// Where a node of a cluster is.
public struct NodeStatus: Sendable {
    /// Its name.
    public var node: String
    /// The newest revision that it has applied.
    public var applied: UInt64 = 0
    /// The newest entry that it has applied.
    public var entry: UInt64 = 0
    /// The newest entry of the log when the node last asked.
    public var head: UInt64 = 0
    /// Milliseconds of the monotonic clock when the majority last answered; 0 for never.
    public var answered: UInt64 = 0
    /// Since when the node has been behind, in milliseconds of the monotonic clock; nil while it is not.
    public var behindSince: UInt64?
    /// The nodes that live, as far as this one knows.
    public var living: Set<String> = []
    /// Whether the node has been at the end of the log.
    private(set) var hasRead = false
    /// What the node cannot go on with; nil while all is well.
    public var trouble: Trouble?
    /// Why the last call failed; nil when it did not.
    public var failure: String?

    /// What a node cannot mend by waiting.
    public enum Trouble: Sendable, Hashable {
        /// Another process appends in the name of this node.
        case nameTaken
        /// The node must forget everything and read the log again, for this reason.
        case mustStartOver(String)
        /// An entry is of a later version of crier.
        case cannotRead(String)
    }

    init(node: String) { self.node = node }

    /// The node has applied what the log had when it last asked.
    mutating func isUpToDate() {
        behindSince = nil
        if answered > 0 || head > 0 { hasRead = true }
    }

    /// Milliseconds without an answer of the majority after which the node is not ready.
    private static let patience: UInt64 = 3000

    /// Why the node is not ready, without a full stop; nil while it is.
    ///
    /// - Parameter now: milliseconds of the monotonic clock.
    public func problem(now: UInt64) -> String? {
        switch trouble {
        case .nameTaken: return "another process uses the name of this node, \(node)"
        case .mustStartOver(let reason), .cannotRead(let reason): return reason
        case nil: break
        }
        if now > answered + Self.patience {
            return "the majority of etcd does not answer" + (failure.map { ": \($0)" } ?? "")
        }
        if let behindSince, now > behindSince + Self.patience {
            return "it is behind the log: at \(entry), and the log at \(head)"
        }
        return nil
    }

    /// Whether the node has read the log, and goes on with it.
    var isFollowing: Bool { answered > 0 && behindSince == nil && trouble?.isFinal != true }

    /// Seconds that the node is behind the log.
    public func lag(now: UInt64) -> Double { behindSince.map { Double(now - min($0, now)) / 1000 } ?? 0 }
}
