public import Broadcasting
import Bytes
import EventStreams

/// Whether a caller without a token may subscribe.
public struct SubscriptionQuestion: Sendable {
    /// The most bytes of ``json`` that somebody is asked about.
    public static let limit = 32 << 10

    /// The channels, as patterns, and the patterns of the request.
    public let patterns: [ChannelPattern]
    /// A JSON object. Two questions with the same object have the same answer.
    public let json: [UInt8]
    /// Those that share the questions that one client may ask: with IPv6 the /64 of its address; empty on a Unix socket.
    public let client: String

    /// A question.
    ///
    /// - Parameters:
    ///   - address: of the client; nil on a Unix socket.
    ///   - client: see ``client``.
    ///   - fields: of the request, with names in lower case.
    public init(
        _ channels: [ChannelName], _ patterns: [ChannelPattern], address: String?, client: String,
        fields: [(String, ArraySlice<UInt8>)]
    ) {
        self.client = client
        // A name is a pattern that matches itself alone.
        self.patterns = channels.compactMap { try? ChannelPattern($0.description) } + patterns
        var json = Array(#"{"address":\#(JSONText.string(address)),"channels":["#.utf8)
        json.append(self.patterns.map { JSONText.string($0.description) }.joined(separator: ","))
        json.append(#"],"fields":{"#)
        for (index, field) in fields.enumerated() {
            if index > 0 { json.append(",") }
            json.append(JSONText.string(field.0) + ":")
            // A field may have bytes that are no UTF-8, and JSON may not.
            JSONText.append(quoted: String(decoding: field.1, as: UTF8.self), to: &json)
        }
        json.append("}}")
        self.json = json
    }
}
