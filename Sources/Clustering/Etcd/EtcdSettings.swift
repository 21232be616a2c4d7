/// How to reach etcd.
public struct EtcdSettings: Sendable, Equatable {
    /// The addresses of its members.
    public var endpoints: [String]
    /// A file with the certificates of the authorities that sign those of the members; nil for those of the system.
    public var authorities: String?
    /// A file with the node's certificate; nil for none.
    public var certificate: String?
    /// A file with its key.
    public var key: String?
    /// A user of etcd; nil for none.
    public var user: String?
    /// The password of the user.
    public var password: String
    /// What the keys of the log begin with, without a slash at the end.
    public var prefix: String
    /// What the node tells the others of itself, for whoever looks into etcd.
    public var status: String

    /// Settings.
    public init(
        endpoints: [String], authorities: String? = nil, certificate: String? = nil, key: String? = nil,
        user: String? = nil, password: String = "", prefix: String = "/crier", status: String = ""
    ) {
        self.endpoints = endpoints
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
        self.user = user
        self.password = password
        self.prefix = prefix
        self.status = status
    }
}
