import HTTPMessages
import Kernel

/// An address to send requests to: `http://host[:port]/path`, in which `{channel}` stands for the channel.
public struct Endpoint: Sendable {
    /// Why there is no such address.
    public struct Invalid: Error, CustomStringConvertible {
        /// A sentence.
        public let description: String
    }

    /// The Host field.
    let authority: String
    let address: SocketAddress
    private let target: String

    /// Reads an address and resolves its host, once.
    public init(_ text: String) throws(Invalid) {
        guard let url = HTTPURL(text) else { throw Invalid(description: "\(text) is not http://host:port/path.") }
        let addresses: [SocketAddress]
        do throws(SocketAddress.ResolutionFailure) {
            addresses = try SocketAddress.resolve(host: url.host, port: url.port)
        } catch {
            throw Invalid(description: "\(error)")
        }
        guard let first = addresses.first else { throw Invalid(description: "\(url.host) has no address.") }
        address = first
        authority = url.authority
        target = url.target
    }

    /// The request target for a channel.
    func target(_ channel: String) -> String {
        let target = target.isEmpty ? "/" : target
        return Template.fill(target, ["channel": PercentCoding.encode(channel, keepingSlash: true)])
    }
}

/// Text with names in braces.
enum Template {
    /// Puts values in the place of `{name}`.
    static func fill(_ text: String, _ values: [String: String]) -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            rest = rest[open...]
            guard let close = rest.firstIndex(of: "}"),
                let value = values[String(rest[rest.index(after: open)..<close])]
            else {
                result.append("{")
                rest = rest.dropFirst()
                continue
            }
            result += value
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }
}
