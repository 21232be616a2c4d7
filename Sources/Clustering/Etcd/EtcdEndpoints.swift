import Broadcasting

/// The members of etcd that a node knows, and the one that it uses now: all of its threads use the same, so that a node sees
/// its own entries as soon as they are in the log.
public final class EtcdEndpoints: Sendable {
    /// The addresses, such as `https://10.0.0.1:2379`.
    public let addresses: [String]
    private let choice = Guarded(Choice(index: 0, hasAnswered: true))

    private struct Choice {
        var index: Int
        /// Whether it has answered since the one before was left.
        var hasAnswered: Bool
    }

    /// - Parameter addresses: one or more.
    public init(_ addresses: [String]) {
        precondition(!addresses.isEmpty)
        self.addresses = addresses
    }

    /// The address of the member in use.
    var current: String { addresses[choice.withLock { $0.index }] }

    /// Whether the member in use has come in place of another one, and has not answered yet.
    var isUntried: Bool { choice.withLock { !$0.hasAnswered } }

    /// Goes on with a member.
    func use(_ address: String) {
        if let chosen = addresses.firstIndex(of: address) { choice.withLock { $0.index = chosen } }
    }

    /// Notes that a member answers.
    func note(answerOf address: String) {
        choice.withLock { if addresses[$0.index] == address { $0.hasAnswered = true } }
    }

    /// Goes on with the next member, if this one is still in use.
    func leave(_ address: String) {
        choice.withLock { choice in
            guard addresses[choice.index] == address else { return }
            choice = Choice(index: (choice.index + 1) % addresses.count, hasAnswered: false)
        }
    }
}
