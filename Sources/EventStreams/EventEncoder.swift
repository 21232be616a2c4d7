import Bytes

/// The only encoder of the event stream format (WHATWG HTML 9.2.5). Another server had the same injection hole three
/// times because it had three encoders.
///
/// Lines end in a bare LF: after a CR at the end of a packet, the client would wait for a possible LF.
public enum EventEncoder {
    /// Encodes an event: id, event, retry, data, and the blank line that dispatches it.
    ///
    /// - Parameter id: the id to write instead of the event's own; nil writes no `id` line.
    public static func encode(_ event: Event, id: String?) -> [UInt8] {
        var wire: [UInt8] = []
        wire.reserveCapacity(64 + (event.data?.bytes.count ?? 0))
        if let id { append("id", id.utf8, to: &wire) }
        appendRest(of: event, to: &wire)
        return wire
    }

    /// Encodes an event with the id `<epoch>-<sequence>`, without allocating a string for it.
    public static func encode(_ event: Event, epoch: String, sequence: UInt64) -> [UInt8] {
        var wire: [UInt8] = []
        wire.reserveCapacity(64 + (event.data?.bytes.count ?? 0))
        wire.append("id: ")
        wire.append(epoch)
        wire.append(0x2D)
        wire.append(decimal: sequence)
        wire.append(0x0A)
        appendRest(of: event, to: &wire)
        return wire
    }

    private static func appendRest(of event: Event, to wire: inout [UInt8]) {
        if let name = event.name { append("event", name.description.utf8, to: &wire) }
        if let retry = event.retry { append("retry", "\(retry.milliseconds)".utf8, to: &wire) }
        if let data = event.data { appendLines("data: ", of: data.bytes, to: &wire) }
        wire.append(0x0A)
    }

    /// Encodes an event with its own id.
    public static func encode(_ event: Event) -> [UInt8] {
        encode(event, id: event.id?.description)
    }

    /// Encodes a comment, which clients ignore. No blank line follows, since some clients would fire an empty event.
    public static func encode(comment: String) -> [UInt8] {
        var wire: [UInt8] = []
        appendLines(": ", of: Array(comment.utf8), to: &wire)
        return wire
    }

    /// Encodes a reconnection time. No blank line follows: it takes effect when the client reads the line.
    public static func encode(retry: Retry) -> [UInt8] {
        Array("retry: \(retry.milliseconds)\n".utf8)
    }

    /// The shortest comment, without a blank line. It keeps a silent stream open through proxies.
    public static let heartbeat: [UInt8] = Array(":\n".utf8)

    /// Always writes the space: the client removes one space, which would otherwise be the first of the value.
    private static func append(_ field: String, _ value: String.UTF8View, to wire: inout [UInt8]) {
        wire.append(contentsOf: field.utf8)
        wire.append(0x3A)
        wire.append(0x20)
        wire.append(contentsOf: value)
        wire.append(0x0A)
    }

    /// Writes one line for each piece between CRLF, LF or CR, including empty pieces.
    private static func appendLines(_ prefix: String, of bytes: [UInt8], to wire: inout [UInt8]) {
        wire.append(contentsOf: prefix.utf8)
        var start = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            guard byte == 0x0A || byte == 0x0D else {
                index += 1
                continue
            }
            wire.append(contentsOf: bytes[start..<index])
            index += byte == 0x0D && index + 1 < bytes.count && bytes[index + 1] == 0x0A ? 2 : 1
            start = index
            wire.append(0x0A)
            wire.append(contentsOf: prefix.utf8)
        }
        wire.append(contentsOf: bytes[start...])
        wire.append(0x0A)
    }
}
