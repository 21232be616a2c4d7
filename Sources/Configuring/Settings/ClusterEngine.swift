/// What several nodes of crier share.
public enum ClusterEngine: String, Sendable, CaseIterable {
    /// Nothing: the daemon is alone.
    case none
    /// A log on etcd.
    case etcd
}
