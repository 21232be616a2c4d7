/// What a member of etcd says of itself.
public struct EtcdMember: Sendable {
    /// Its address.
    public let address: String
    /// etcd's name for its store; nil when the member does not answer.
    public let store: String?
    /// The version of etcd; empty when it does not answer.
    public let version: String
    /// Bytes of its database, and how many of them are in use.
    public let size: (all: Int, used: Int)
    /// Whether it leads the others.
    public let isLeader: Bool
    /// Why it is no good, such as that its room is used up; nil when it is.
    public let problem: String?

    init(_ address: String, _ answer: EtcdAnswer) {
        let status = answer.message
        self.address = address
        store = answer.cluster
        version = status.text(2)
        size = (Int(clamping: status.number(3)), Int(clamping: status.number(9)))
        isLeader = status.number(4) == status.message(1)?.number(2)
        let error = status.text(8)
        problem = status.number(4) == 0 ? "it has no leader" : error.isEmpty ? nil : error
    }

    init(_ address: String, _ failure: LogFailure) {
        self.address = address
        (store, version, size, isLeader, problem) = (nil, "", (0, 0), false, failure.description)
    }
}
