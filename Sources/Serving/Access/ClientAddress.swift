import HTTPMessages
import Kernel

/// Finds the client of a request, behind proxies that crier trusts.
struct ClientAddress: Sendable {
    /// The address of the connection; nil on a Unix socket.
    let peer: IPAddress?
    let isTrusted: Bool
    let trusted: [AddressRange]
    let field: ForwardedField

    /// - Parameters:
    ///   - peer: the address of the connection; nil on a Unix socket.
    init(peer: IPAddress?, _ settings: ServingSettings) {
        self.peer = peer
        trusted = settings.trustedProxies
        field = settings.forwardedField
        isTrusted =
            peer.map { peer in settings.trustedProxies.contains { $0.contains(peer) } } ?? settings.trustsUnixPeers
    }

    /// The rightmost address that is not a trusted proxy's: everything before it may be the client's own invention. Nil on a
    /// Unix socket without such a proxy.
    func client(of head: RequestHead) -> AddressBlock? { (forwarded(head) ?? peer).map(AddressBlock.init) }

    /// The same as an address; nil when the peer is the client.
    func forwarded(_ head: RequestHead) -> IPAddress? {
        guard isTrusted else { return nil }
        var nearest: IPAddress?
        for text in field.clients(head.fields).reversed() {
            // A proxy that hides its client, or a mistake: then the proxy is all that is known.
            guard let address = IPAddress(String(decoding: text, as: UTF8.self)) else { break }
            nearest = address
            if !trusted.contains(where: { $0.contains(address) }) { break }
        }
        return nearest
    }
}
