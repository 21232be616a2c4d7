import Broadcasting
import HTTPMessages

/// Output of which the kernel took only a part. crier writes the rest before anything else. Offsets count bytes as the
/// stream carries them, in the framing that it has.
enum PendingOutput {
    /// An event of the log, from an offset on.
    case event(Frame, offset: Int)
    /// Bytes of this stream alone, framed, from an offset on: the head of the stream, a control event, a heartbeat.
    case bytes([UInt8], offset: Int)

    /// The same after `count` more bytes.
    func advanced(by count: Int) -> PendingOutput {
        switch self {
        case .event(let frame, let offset): .event(frame, offset: offset + count)
        case .bytes(let bytes, let offset): .bytes(bytes, offset: offset + count)
        }
    }

    /// Bytes of all of it, with what the kernel has taken.
    func size(_ framing: StreamFraming) -> Int {
        switch self {
        case .event(let frame, _): unsafe frame.bytes(framing).count
        case .bytes(let bytes, _): bytes.count
        }
    }

    /// The rest.
    func rest(_ framing: StreamFraming) -> [UInt8] {
        switch self {
        case .event(let frame, let offset): unsafe Array(frame.bytes(framing)[offset...])
        case .bytes(let bytes, let offset): Array(bytes[offset...])
        }
    }

    /// The event that was written in part, if it is one.
    var event: Frame? {
        if case .event(let frame, _) = self { frame } else { nil }
    }
}
