import Synchronization

/// The members of etcd that a node knows, and the one that it uses now: all of its threads use the same, so that a node sees
/// its own entries as soon as they are in the log.
public final class EtcdEndpoints: Sendable {
    /// The addresses, such as `https://10.0.0.1:2379`.
    public let addresses: [String]
    private let index: Atomic<Int>

    /// - Parameter addresses: one or more.
    public init(_ addresses: [String]) {
        precondition(!addresses.isEmpty)
        self.addresses = addresses
        index = Atomic(0)
    }

    /// The address of the member in use.
    var current: String { addresses[index.load(ordering: .relaxed)] }

    /// Goes on with a member.
    func use(_ address: String) {
        if let chosen = addresses.firstIndex(of: address) { index.store(chosen, ordering: .relaxed) }
    }

    /// Goes on with the next member, if this one is still in use.
    func leave(_ address: String) {
        let now = index.load(ordering: .relaxed)
        guard addresses[now] == address else { return }
        _ = index.compareExchange(expected: now, desired: (now + 1) % addresses.count, ordering: .relaxed)
    }
}
