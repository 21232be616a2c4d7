/// One event as a publisher sends it. It is always valid: each part has a type that refuses bytes that would break the
/// stream, so the encoder never has to strip or escape.
public struct Event: Sendable, Hashable {
    /// The id that a client sends as `Last-Event-ID` when it reconnects (`id:`); nil lets the log assign one.
    public var id: EventID?
    /// The type for `addEventListener` (`event:`); nil is an unnamed event, `message` in a browser.
    public var name: EventName?
    /// The reconnection time that the client uses from now on (`retry:`).
    public var retry: Retry?
    /// The data for the listener. Nil sends no `data` line, and a browser then fires no event (WHATWG HTML 9.2.6).
    /// Empty data differs: a browser fires an event with an empty string.
    public var data: EventData?
    /// The subject of the event, for compaction; nil is the channel as a whole.
    public var key: EventKey?

    /// An event of valid parts.
    public init(
        id: EventID? = nil, name: EventName? = nil, retry: Retry? = nil, data: EventData?, key: EventKey? = nil
    ) {
        self.id = id
        self.name = name
        self.retry = retry
        self.data = data
        self.key = key
    }
}
