public import Metrics

/// What a loop can say of the cluster that the daemon is a node of.
public struct ClusterReport: Sendable {
    /// The figures of a node.
    public struct Figures: Sendable {
        /// Its name.
        public var node: String
        /// The number of the newest event that it may have applied.
        public var applied: UInt64
        /// Seconds that it is behind the log.
        public var lag: Double
        /// How long the log took for each entry.
        public var commits: Distribution
        /// Subscribers of other nodes, over all channels and patterns.
        public var remoteSubscribers: Int

        /// Figures.
        public init(node: String, applied: UInt64, lag: Double, commits: Distribution, remoteSubscribers: Int) {
            self.node = node
            self.applied = applied
            self.lag = lag
            self.commits = commits
            self.remoteSubscribers = remoteSubscribers
        }
    }

    /// What another node answers.
    public enum NodeAnswer: Sendable {
        /// No such node lives.
        case unknown
        /// It cannot be asked, for this reason, without a full stop.
        case unreachable(String)
        case answered(status: Int, body: [UInt8])
    }

    /// Why the node is not ready, without a full stop; nil while it is.
    let problem: @Sendable () -> String?
    /// The figures now.
    let figures: @Sendable () -> Figures
    /// Asks the node with a name for a path and a query, with an `Authorization`. Waits for the answer.
    let ask: @Sendable (_ node: String, _ target: String, _ authorization: String?) -> NodeAnswer

    /// Functions that any thread may call. Only the last may wait.
    public init(
        problem: @escaping @Sendable () -> String?, figures: @escaping @Sendable () -> Figures,
        ask: @escaping @Sendable (_ node: String, _ target: String, _ authorization: String?) -> NodeAnswer
    ) {
        self.problem = problem
        self.figures = figures
        self.ask = ask
    }
}
