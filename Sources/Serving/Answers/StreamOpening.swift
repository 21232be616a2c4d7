import EventStreams
import HTTPMessages

/// The first bytes of an event stream.
enum StreamOpening {
    /// The head. The body ends with the connection: a stream has no length, and bytes that all subscribers share cannot
    /// carry the chunk sizes of one.
    static let head = ResponseWriter.head(
        status: 200,
        [
            ("Content-Type", "text/event-stream"),
            // no-transform keeps proxies from compressing, which would delay events.
            ("Cache-Control", "no-cache, no-store, no-transform"),
            ("X-Accel-Buffering", "no"),
            ("X-Content-Type-Options", "nosniff"),
            ("Connection", "close"),
        ])

    /// The head, a first byte of the body for clients that wait for one, and the reconnection time.
    static func bytes(retry: Retry) -> [UInt8] {
        head + Array(":ok\n".utf8) + EventEncoder.encode(retry: retry)
    }

    /// Half to one and a half times a base in milliseconds, so that clients that lost their connections together do not
    /// reconnect together.
    static func jittered(_ base: UInt64, using generator: inout some RandomNumberGenerator) -> Retry {
        Retry(milliseconds: base / 2 + UInt64.random(in: 0...max(base, 1), using: &generator))
    }
}
