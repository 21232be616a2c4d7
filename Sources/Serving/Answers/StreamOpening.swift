import EventStreams
import HTTPMessages

/// The first bytes of an event stream.
enum StreamOpening {
    private static let fields = [
        // Without the charset some clients take the text for Latin-1.
        ("Content-Type", "text/event-stream; charset=utf-8"),
        // no-transform keeps proxies from compressing, which would delay events.
        ("Cache-Control", "no-cache, no-store, no-transform"),
        ("X-Accel-Buffering", "no"),
        ("X-Content-Type-Options", "nosniff"),
        ("Connection", "close"),
    ]
    private static let chunkedHead = ResponseWriter.head(status: 200, fields + [("Transfer-Encoding", "chunked")])
    private static let bareHead = ResponseWriter.head(status: 200, fields)

    static func head(_ framing: StreamFraming) -> [UInt8] {
        switch framing {
        case .chunked: chunkedHead
        case .untilClose: bareHead
        }
    }

    /// The head, a first byte of the body for clients that wait for one, the reconnection time and a gap.
    static func bytes(_ framing: StreamFraming, retry: Retry, _ gap: Event? = nil) -> [UInt8] {
        let body = Array(":ok\n".utf8) + EventEncoder.encode(retry: retry) + (gap.map { EventEncoder.encode($0) } ?? [])
        return head(framing) + framing.frame(body)
    }

    /// Half to one and a half times a base in milliseconds, so that clients that lost their connections together do not
    /// reconnect together.
    static func jittered(_ base: UInt64, using generator: inout some RandomNumberGenerator) -> Retry {
        Retry(milliseconds: base / 2 + UInt64.random(in: 0...max(base, 1), using: &generator))
    }
}
