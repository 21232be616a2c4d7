import EventStreams
import HTTPMessages

/// What a subscriber gets first.
enum StreamHead {
    /// The head of every event stream. The body goes on until the connection closes: a stream has no length, and
    /// bytes that are shared by all cannot carry the chunk sizes of one.
    static let head = ResponseWriter.head(
        status: 200,
        [
            ("Content-Type", "text/event-stream"),
            // no-transform keeps compression in proxies from collecting events.
            ("Cache-Control", "no-cache, no-store, no-transform"),
            ("X-Accel-Buffering", "no"),
            ("X-Content-Type-Options", "nosniff"),
            ("Connection", "close"),
        ])

    /// The head, a byte of body so that clients which wait for one see the stream open, and the reconnection time.
    static func opening(retry: Retry) -> [UInt8] {
        head + Array(":ok\n".utf8) + EventEncoder.encode(retry: retry)
    }

    /// Half to one and a half of a base: clients that were cut off together do not come back together.
    static func jittered(_ base: UInt64, using generator: inout some RandomNumberGenerator) -> Retry {
        Retry(milliseconds: base / 2 + UInt64.random(in: 0...max(base, 1), using: &generator))
    }
}
