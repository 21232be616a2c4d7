import EventStreams
import HTTPMessages

/// The comment that keeps a silent stream open, framed.
enum Heartbeat {
    private static let chunk = StreamFraming.chunked.frame(EventEncoder.heartbeat)

    static func bytes(_ framing: StreamFraming) -> [UInt8] {
        switch framing {
        case .chunked: chunk
        case .untilClose: EventEncoder.heartbeat
        }
    }
}
