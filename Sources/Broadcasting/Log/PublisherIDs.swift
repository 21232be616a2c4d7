import DequeModule
import EventStreams
import HashTreeCollections

/// Locates the retained events to which publishers gave ids, over all channels: a lookup for a channel costs the same
/// however many channels use the id.
struct PublisherIDs {
    /// The retained events with one id.
    private enum Uses {
        case one(LogIndexEntry)
        /// By the index of the channel's topic, in the order of the log.
        case many(TreeDictionary<Int, Deque<UInt64>>)
    }

    private var uses: TreeDictionary<EventID, Uses> = [:]

    /// How many times ``earliest(_:in:patterns:isMatch:)`` compares a channel with a pattern.
    private static let steps = 4096

    /// Adds an event, the newest so far.
    mutating func add(_ id: EventID, at place: LogIndexEntry) {
        switch uses[id] {
        case nil: uses[id] = .one(place)
        case .one(let first):
            var channels: TreeDictionary<Int, Deque<UInt64>> = [first.topic: [first.sequence]]
            channels[place.topic, default: []].append(place.sequence)
            uses[id] = .many(channels)
        case .many(var channels):
            uses[id] = nil
            channels[place.topic, default: []].append(place.sequence)
            uses[id] = .many(channels)
        }
    }

    /// Removes the oldest event that a channel retains with the id.
    mutating func remove(_ id: EventID, from topic: Int) {
        guard case .many(var channels) = uses[id] else {
            uses[id] = nil
            return
        }
        uses[id] = nil
        channels[topic]?.removeFirst()
        if channels[topic]?.isEmpty == true { channels[topic] = nil }
        if !channels.isEmpty { uses[id] = .many(channels) }
    }

    /// The number of the earliest event with an id in some topics. Nil when there is none, or when so many channels use
    /// the id that it takes too long to find those of a pattern.
    ///
    /// - Parameters:
    ///   - named: the indices of the channels among the topics.
    ///   - patterns: how many patterns there are among the topics.
    ///   - isMatch: whether one of them covers a place; nil when there is none.
    func earliest(
        _ id: EventID, in named: [Int], patterns: Int = 0, isMatch: ((LogIndexEntry) -> Bool)? = nil
    ) -> UInt64? {
        switch uses[id] {
        case nil: return nil
        case .one(let place): return named.contains(place.topic) || isMatch?(place) == true ? place.sequence : nil
        case .many(let channels):
            let exact = named.compactMap { channels[$0]?.first }.min()
            guard let isMatch else { return exact }
            guard channels.count * patterns <= Self.steps else { return nil }
            let matched = channels.compactMap { topic, sequences in
                sequences.first.flatMap { isMatch(LogIndexEntry(topic: topic, sequence: $0)) ? $0 : nil }
            }
            return [exact, matched.min()].compactMap(\.self).min()
        }
    }
}
