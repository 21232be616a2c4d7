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
        if let id {
            wire.append("id: ")
            wire.append(id)
            wire.append(lineFeed)
        }
        let layout = EventLayout(event)
        return unsafe wire
            + [UInt8](unsafeUninitializedCapacity: layout.size) { memory, count in
                unsafe writeAfterID(of: event, layout, to: UnsafeMutableRawPointer(memory.baseAddress!))
                count = layout.size
            }
    }

    /// Encodes an event with its own id.
    public static func encode(_ event: Event) -> [UInt8] {
        encode(event, id: event.id?.description)
    }

    // MARK: Without the id

    /// Encodes what follows the id of an event. A caller that learns the id later writes the id in front of it.
    ///
    /// - Parameters:
    ///   - layout: that of the event.
    ///   - memory: has room for ``EventLayout/size`` bytes.
    @unsafe
    public static func writeAfterID(
        of event: borrowing Event, _ layout: EventLayout, to memory: UnsafeMutableRawPointer
    ) {
        var writer = unsafe MemoryWriter(memory)
        // Each line has the space after the colon: the client removes one space, which would otherwise be the first of
        // the value.
        if let name = event.name {
            writer.write("event: ")
            writer.write(name.description)
            writer.write(lineFeed)
        }
        if let retry = event.retry {
            let line = encode(retry: retry)
            writer.write(line, line.indices)
        }
        if let data = event.data {
            if layout.hasOneLine {
                write(data.bytes, data.bytes.indices, to: &writer)
            } else {
                for line in DataLines(data.bytes) { write(data.bytes, line, to: &writer) }
            }
        }
        writer.write(lineFeed)
    }

    private static func write(_ data: [UInt8], _ line: Range<Int>, to writer: inout MemoryWriter) {
        writer.write("data: ")
        writer.write(data, line)
        writer.write(lineFeed)
    }

    // MARK: Other lines

    /// Encodes a comment, which clients ignore. No blank line follows, since some clients would fire an empty event.
    public static func encode(comment: String) -> [UInt8] {
        let bytes = Array(comment.utf8)
        return DataLines(bytes).flatMap { [0x3A, 0x20] + bytes[$0] + [lineFeed] }
    }

    /// Encodes a reconnection time. No blank line follows: it takes effect when the client reads the line.
    public static func encode(retry: Retry) -> [UInt8] {
        var line: [UInt8] = []
        line.append("retry: ")
        line.append(decimal: Int(retry.milliseconds))
        line.append(lineFeed)
        return line
    }

    /// The shortest comment, without a blank line. It keeps a silent stream open through proxies.
    public static let heartbeat: [UInt8] = Array(":\n".utf8)

    private static let lineFeed: UInt8 = 0x0A
}
