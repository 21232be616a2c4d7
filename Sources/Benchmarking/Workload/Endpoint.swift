import HTTPMessages
import Kernel

/// A URL to send requests to: `http://host[:port]/path`, in which `{channel}` is the channel.
public struct Endpoint: Sendable {
    /// Why the URL is invalid.
    public struct Invalid: Error, CustomStringConvertible {
        /// A sentence.
        public let description: String
    }

    /// The value of the Host field.
    let authority: String
    let address: SocketAddress
    private let target: String

    /// Parses a URL and resolves its host.
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
