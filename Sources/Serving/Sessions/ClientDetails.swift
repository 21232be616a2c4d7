import Kernel

/// Who a subscriber is. Subscribers with the same details share them.
final class ClientDetails: Sendable, Hashable {
    /// The field User-Agent, as far as ``limit``; empty without one.
    let agent: [UInt8]
    /// The address that a trusted proxy named; nil when the peer of the connection is the client.
    let address: IPAddress?

    /// The most bytes of a field that crier keeps.
    static let limit = 200

    init(agent: ArraySlice<UInt8>, address: IPAddress?) {
        self.agent = Array(agent.prefix(Self.limit))
        self.address = address
    }

    static func == (left: ClientDetails, right: ClientDetails) -> Bool {
        left.agent == right.agent && left.address == right.address
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(agent)
        hasher.combine(address)
    }
}

/// The details of the clients of one loop, each once.
struct ClientTable {
    /// How many it remembers, beyond which each new client has details of its own.
    private static let limit = 1024

    private var known: Set<ClientDetails> = []

    /// Those that equal some, or these.
    mutating func shared(_ details: ClientDetails) -> ClientDetails {
        if let shared = known.firstIndex(of: details) { return known[shared] }
        if known.count >= Self.limit { known = [] }
        known.insert(details)
        return details
    }
}
