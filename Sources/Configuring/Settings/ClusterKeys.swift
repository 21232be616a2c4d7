/// The settings of `[cluster]`.
public struct ClusterKeys: Sendable, Equatable {
    /// What the nodes share.
    public var engine = ClusterEngine.none
    /// The addresses of etcd's members.
    public var endpoints = ["http://127.0.0.1:2379"]
    /// A file with the certificates of the authorities that sign those of the members; empty for those of the system.
    public var authorities = ""
    /// A file with the node's certificate; empty for none.
    public var certificate = ""
    /// A file with its key.
    public var key = ""
    /// A user of etcd; empty for none.
    public var user = ""
    /// A file with the user's password.
    public var passwordFile = ""
    /// What the keys of the log begin with.
    public var prefix = "/crier"
    /// The name of the node; empty for the name of the host.
    public var node = ""
    /// Where other nodes reach this one for its sessions; empty for nowhere.
    public var url = ""
    /// Milliseconds that publishers wait for the log.
    public var timeout: UInt64 = 10_000
    /// The file in which the node remembers how far it has seen the log; a relative path is in the state directory.
    public var path = "cluster.state"

    /// The defaults.
    public init() {}
}
