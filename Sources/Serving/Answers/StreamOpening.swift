import EventStreams
import HTTPMessages

/// The first bytes of an event stream.
enum StreamOpening {
    private static let chunkedHead = makeHead(.chunked)
    private static let bareHead = makeHead(.untilClose)

    private static func makeHead(_ framing: StreamFraming) -> [UInt8] {
        var head = ResponseWriter(status: 200)
        // Without the charset some clients take the text for Latin-1.
        head.add("Content-Type", "text/event-stream; charset=utf-8")
        // no-transform keeps proxies from compressing, which would delay events.
        head.add("Cache-Control", "no-cache, no-store, no-transform")
        head.add("X-Accel-Buffering", "no")
        head.add("X-Content-Type-Options", "nosniff")
        head.add("Connection", "close")
        if framing == .chunked { head.add("Transfer-Encoding", "chunked") }
        return head.finish()
    }

    /// - Parameter origin: ``OriginRules/fields(for:)``.
    static func head(_ framing: StreamFraming, _ origin: [UInt8]) -> [UInt8] {
        let head =
            switch framing {
            case .chunked: chunkedHead
            case .untilClose: bareHead
            }
        return origin.isEmpty ? head : head.dropLast(2) + origin + Array("\r\n".utf8)
    }

    /// The head, a first byte of the body for clients that wait for one, the reconnection time and control events.
    ///
    /// - Parameter origin: ``OriginRules/fields(for:)``.
    static func bytes(_ framing: StreamFraming, retry: Retry, _ events: [Event] = [], origin: [UInt8]) -> [UInt8] {
        let body = Array(":ok\n".utf8) + EventEncoder.encode(retry: retry) + events.flatMap { EventEncoder.encode($0) }
        return head(framing, origin) + framing.frame(body)
    }

    /// Half to one and a half times a base in milliseconds, so that clients that lost their connections together do not
    /// reconnect together.
    static func jittered(_ base: UInt64, using generator: inout some RandomNumberGenerator) -> Retry {
        Retry(milliseconds: base / 2 + UInt64.random(in: 0...max(base, 1), using: &generator))
    }
}
