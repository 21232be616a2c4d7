/// The one encoder of the event stream format (WHATWG HTML 9.2.5). Another server had the same injection hole three
/// times because it had three encoders.
///
/// Lines end in a bare LF: a CR at the edge of a packet would make the client wait for a possible LF.
public enum EventEncoder {
    /// The bytes of one event: id, event, retry, data and the blank line that dispatches it.
    ///
    /// - Parameter id: the id to write, which may differ from the event's own; nil writes no `id` line.
    public static func encode(_ event: Event, id: String?) -> [UInt8] {
        var wire: [UInt8] = []
        wire.reserveCapacity(64 + (event.data?.bytes.count ?? 0))
        if let id { append("id", id.utf8, to: &wire) }
        appendRest(of: event, to: &wire)
        return wire
    }

    /// The bytes of one event with an id of ours, `<epoch>-<sequence>`: the same, without making a string of it.
    public static func encode(_ event: Event, epoch: String, sequence: UInt64) -> [UInt8] {
        var wire: [UInt8] = []
        wire.reserveCapacity(64 + (event.data?.bytes.count ?? 0))
        wire.append(contentsOf: "id: ".utf8)
        wire.append(contentsOf: epoch.utf8)
        wire.append(0x2D)
        append(decimal: sequence, to: &wire)
        wire.append(0x0A)
        appendRest(of: event, to: &wire)
        return wire
    }

    private static func append(decimal number: UInt64, to wire: inout [UInt8]) {
        let start = wire.count
        var rest = number
        repeat {
            wire.append(0x30 + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        wire[start...].reverse()
    }

    private static func appendRest(of event: Event, to wire: inout [UInt8]) {
        if let name = event.name { append("event", name.description.utf8, to: &wire) }
        if let retry = event.retry { append("retry", "\(retry.milliseconds)".utf8, to: &wire) }
        if let data = event.data { appendLines("data: ", of: data.bytes, to: &wire) }
        wire.append(0x0A)
    }

    /// The bytes of one event, with its own id.
    public static func encode(_ event: Event) -> [UInt8] {
        encode(event, id: event.id?.description)
    }

    /// A comment, which clients ignore. No blank line follows: one would make some clients fire an empty event.
    public static func encode(comment: String) -> [UInt8] {
        var wire: [UInt8] = []
        appendLines(": ", of: Array(comment.utf8), to: &wire)
        return wire
    }

    /// A reconnection time of its own. No blank line follows: it takes effect when the line is read.
    public static func encode(retry: Retry) -> [UInt8] {
        Array("retry: \(retry.milliseconds)\n".utf8)
    }

    /// What keeps a silent stream alive through proxies: the shortest comment, and no blank line.
    public static let heartbeat: [UInt8] = Array(":\n".utf8)

    /// Always with the space: without it a value that begins with a space would lose it.
    private static func append(_ field: String, _ value: String.UTF8View, to wire: inout [UInt8]) {
        wire.append(contentsOf: field.utf8)
        wire.append(0x3A)
        wire.append(0x20)
        wire.append(contentsOf: value)
        wire.append(0x0A)
    }

    /// One line for each piece between CRLF, LF or CR; empty pieces count.
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
