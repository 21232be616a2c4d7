/// One item of an event stream, as a client interprets it (WHATWG HTML 9.2.6).
public enum StreamItem: Sendable, Hashable {
    /// A dispatched event: its type (`message` when unnamed), its data, and the last event id at that moment.
    case event(type: String, data: String, lastEventID: String)
    /// A new reconnection time in milliseconds.
    case retry(UInt64)
    /// A comment, without its colon and one leading space. Clients ignore it; tests look for heartbeats in it.
    case comment(String)
}
