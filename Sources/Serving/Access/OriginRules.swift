import Bytes
import HTTPMessages

/// The origins whose pages may use a listening socket, by the CORS protocol of the Fetch standard.
///
/// A page of a listed origin may do all that the socket offers. With `*` a page of any origin may read, and only a page of
/// a listed one may publish or delete.
struct OriginRules: Sendable {
    private enum Rule {
        case origin([UInt8])
        /// Every origin below a domain: `https://`, then one or more labels, then `.example.org:8443`.
        case subdomains(scheme: [UInt8], suffix: [UInt8])
    }

    private let rules: [Rule]
    private let letsAnyRead: Bool
    private let allowsPrivateNetwork: Bool

    /// - Parameters:
    ///   - origins: in lower case and without path, as browsers send them; `https://*.example.org` stands for every
    ///     origin below that domain, and `*` for any origin.
    ///   - allowsPrivateNetwork: whether a public page may reach the socket at a private address.
    init(_ origins: [String] = [], allowsPrivateNetwork: Bool = false) {
        letsAnyRead = origins.contains("*")
        self.allowsPrivateNetwork = allowsPrivateNetwork
        rules = origins.filter { $0 != "*" }.map { origin in
            let parts = origin.split(separator: "://*", maxSplits: 1)
            guard parts.count == 2 else { return .origin(Array(origin.utf8)) }
            return .subdomains(scheme: Array("\(parts[0])://".utf8), suffix: Array(parts[1].utf8))
        }
    }

    /// Whether pages of this origin may do all that the socket offers. An opaque origin, `null`, is never listed.
    func lists(_ origin: ArraySlice<UInt8>) -> Bool {
        rules.contains { rule in
            switch rule {
            case .origin(let listed): origin.elementsEqual(listed)
            case .subdomains(let scheme, let suffix): Self.isBelow(origin, scheme, suffix)
            }
        }
    }

    private static func isBelow(_ origin: ArraySlice<UInt8>, _ scheme: [UInt8], _ suffix: [UInt8]) -> Bool {
        guard origin.count > scheme.count + suffix.count, origin.starts(with: scheme),
            origin.suffix(suffix.count).elementsEqual(suffix)
        else { return false }
        let labels = origin.dropFirst(scheme.count).dropLast(suffix.count)
        // Nothing but these, or an answer could echo what nobody has configured.
        return labels.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty
                && label.allSatisfy { byte in
                    switch byte {
                    case 0x61...0x7A, 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "_"): true
                    default: false
                    }
                }
        }
    }

    /// Whether a request comes from a page of a listed origin.
    func listsOrigin(of head: RequestHead) -> Bool {
        guard !rules.isEmpty, head.fields.count(of: "origin") == 1, let origin = head.fields.first("origin")
        else { return false }
        return lists(origin)
    }

    // MARK: Fields of answers

    /// The fields, each with its line break, that every answer to a request carries, errors too: without them a page could
    /// not read why crier refuses it.
    func fields(for head: RequestHead) -> [UInt8] {
        if rules.isEmpty, !letsAnyRead { return [] }
        // The answer to one origin must not come out of a cache for another.
        var fields = Array("Vary: Origin\r\n".utf8)
        guard let origin = head.fields.first("origin") else { return fields }
        let isListed = listsOrigin(of: head)
        guard isListed || letsAnyRead else { return fields }
        if isListed {
            fields.append("Access-Control-Allow-Origin: ")
            fields += origin
            fields.append("\r\nAccess-Control-Allow-Credentials: true\r\n")
        } else {
            fields.append("Access-Control-Allow-Origin: *\r\n")
        }
        if head.method == "OPTIONS", head.fields.first("access-control-request-method") != nil {
            appendPreflight(isListed, head, to: &fields)
        } else {
            fields.append("Access-Control-Expose-Headers: Allow, Retry-After, WWW-Authenticate\r\n")
        }
        return fields
    }

    private func appendPreflight(_ isListed: Bool, _ head: RequestHead, to fields: inout [UInt8]) {
        fields.append("Access-Control-Allow-Methods: ")
        fields.append(isListed ? "GET, HEAD, POST, DELETE\r\n" : "GET, HEAD\r\n")
        fields.append(
            "Access-Control-Allow-Headers: authorization, cache-control, content-type, idempotency-key, last-event-id\r\n"
        )
        // Browsers keep it for two hours at most.
        fields.append("Access-Control-Max-Age: 7200\r\n")
        let wantsPrivateNetwork = head.fields.first("access-control-request-private-network")?.equals("true") == true
        if allowsPrivateNetwork, wantsPrivateNetwork {
            fields.append("Access-Control-Allow-Private-Network: true\r\n")
        }
    }
}
