import Broadcasting
import EventStreams

/// Events for one session alone.
struct SessionPush: Sendable {
    /// Events, comments and a reconnection time, without framing.
    let bytes: [UInt8]
    /// The last id among the events: from then on the position of the client. Nil without one.
    let lastID: [UInt8]?
    /// How many events there are.
    let count: Int

    /// Events, after a comment.
    ///
    /// - Parameter retry: a reconnection time of its own. A blank line after it would be an event for some clients.
    init(_ events: ArraySlice<Publication>, comment: String?, retry: Retry? = nil) {
        var bytes = comment.map { EventEncoder.encode(comment: $0) } ?? []
        if let retry { bytes += EventEncoder.encode(retry: retry) }
        for publication in events { bytes += EventEncoder.encode(publication.event) }
        self.bytes = bytes
        let last = events.last { $0.event.id != nil }
        lastID = last?.event.id.map { Array($0.description.utf8) }
        count = events.count
    }
}
