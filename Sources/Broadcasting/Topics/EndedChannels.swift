/// The channels that have ended, in the order of their ends: a linked list through their topics, so that each operation
/// takes the same time however many there are. When there is no room for another channel, the hub forgets the oldest
/// end.
struct EndedChannels {
    private var ends: (oldest: Topic, newest: Topic)?

    /// The neighbours of an ended channel in the list. The registry keeps a channel for as long as it is in the list.
    struct Links {
        fileprivate unowned var older: Topic?
        fileprivate unowned var newer: Topic?
    }

    /// The channel that ended first.
    var oldest: Topic? { ends?.oldest }

    /// How many ends ``oldestUnused()`` looks at.
    private static let steps = 64

    /// Adds a channel that has just ended.
    mutating func append(_ topic: Topic) {
        topic.endLinks = Links(older: ends?.newest)
        ends?.newest.endLinks?.newer = topic
        ends = (ends?.oldest ?? topic, topic)
    }

    /// Removes a channel whose end is forgotten, or whose name another topic has now. Does nothing when it is not in the
    /// list.
    mutating func remove(_ topic: Topic) {
        guard let links = topic.endLinks else { return }
        topic.endLinks = nil
        links.older?.endLinks?.newer = links.newer
        links.newer?.endLinks?.older = links.older
        if let oldest = links.older == nil ? links.newer : ends?.oldest,
            let newest = links.newer == nil ? links.older : ends?.newest
        {
            ends = (oldest, newest)
        } else {
            ends = nil
        }
    }

    /// The channel that ended first and has no subscribers. Those that it finds with subscribers have their turn again
    /// after all others.
    mutating func oldestUnused() -> Topic? {
        for _ in 0..<Self.steps {
            guard let oldest = ends?.oldest else { return nil }
            if oldest.subscribers == 0 { return oldest }
            remove(oldest)
            append(oldest)
        }
        return nil
    }
}
