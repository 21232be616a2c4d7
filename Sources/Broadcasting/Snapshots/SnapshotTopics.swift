/// The topics of a snapshot, by their places in it: numbers of topics are good in one process only.
public struct SnapshotTopics: Sendable {
    private var places: [TopicID: Int] = [:]
    /// The highest number of an event that is in the snapshot's topics, and neither in the snapshot nor in the archive.
    public internal(set) var unstoredThrough: UInt64 = 0

    init() {}

    /// Gives the next topic its place.
    mutating func append(_ topic: Topic) { places[topic.id] = places.count }

    /// The place of a topic; nil when the snapshot does not have it.
    public func place(of topic: TopicID) -> Int? { places[topic] }
}

/// A topic of a snapshot in the process that has restored it.
public struct RestoredTopic: Sendable {
    /// Its number in this process.
    public let id: TopicID
    /// Its channel or pattern.
    public let subject: TopicSubject
}
