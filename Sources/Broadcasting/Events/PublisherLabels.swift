public import EventStreams

/// The names that a publisher gave an event, besides its number in the log.
public struct PublisherLabels: Sendable, Hashable {
    /// The publisher's id, if it gave one; clients then send this id as Last-Event-ID.
    public let id: EventID?
    /// The subject of the event, for ``SlowPolicy/Action/latest``.
    public let key: EventKey?

    /// - Returns: nil when the publisher gave neither, as for most events.
    public init?(id: EventID?, key: EventKey?) {
        if id == nil, key == nil { return nil }
        self.id = id
        self.key = key
    }
}
