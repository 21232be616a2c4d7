public import EventStreams

/// What the log knows an event by, besides its number.
public struct EventLabels: Sendable, Hashable {
    /// The id that the publisher gave, if any; clients then name this one when they come back.
    public let id: EventID?
    /// What it is about, for ``SlowPolicy/Action/latest``.
    public let key: EventKey?

    /// - Returns: nil when there is nothing to know it by, as with most events.
    public init?(id: EventID?, key: EventKey?) {
        if id == nil, key == nil { return nil }
        self.id = id
        self.key = key
    }
}
