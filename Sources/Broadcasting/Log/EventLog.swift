import DequeModule
import EventStreams

/// The one ordered log: numbers events, indexes the retained events of all channels, and evicts them. Only code under
/// the hub's lock may use it.
final class EventLog {
    var epochs: Epochs { didSet { idPrefix = epochs.current.prefix } }
    /// See ``Epoch/prefix``.
    private(set) var idPrefix: [UInt8]
    let registry: TopicRegistry
    /// The number of the newest event in the log; 0 before the first.
    private(set) var head: UInt64 = 0
    /// The highest number given. Events that the archive is still writing are above ``head``.
    private(set) var numbered: UInt64 = 0
    /// A power failure may have destroyed events up to here: a client that resumes from before gets a gap.
    var uncertainThrough: UInt64 = 0
    /// Retained events, counted once for each channel, and their weights.
    private(set) var events = 0
    private(set) var bytes = 0
    /// How many events were ever added, counted once for each channel.
    private(set) var appended = 0
    /// Every retained event, for ``HistoryPolicy/total`` and for subscribers by pattern.
    private(set) var index = EventIndex()
    /// Bytes of events in memory. The archive, if there is one, has them too.
    private(set) var loadedBytes = 0
    /// Up to here, bytes are in the archive only.
    private var unloadedThrough: UInt64 = 0
    private var publisherIDs = PublisherIDs()
    private var recentEvictions = RecentEvictions()

    init(epoch: Epoch, _ registry: TopicRegistry) {
        epochs = Epochs(epoch)
        idPrefix = epoch.prefix
        self.registry = registry
    }

    // MARK: Numbers

    /// Numbers the next event.
    func nextSequence() -> UInt64 {
        numbered += 1
        return numbered
    }

    /// Records that the log has every event up to a number.
    func advance(to sequence: UInt64) {
        head = max(head, sequence)
        numbered = max(numbered, sequence)
    }

    /// Restores the numbers of a log that a snapshot holds.
    func restore(head: UInt64, numbered: UInt64) { (self.head, self.numbered) = (head, numbered) }

    /// The id of an event, as it is on the wire.
    func id(_ sequence: UInt64, in log: ChannelLog) -> String { id(sequence, log.labels(of: sequence)) }

    /// The id of an event with these labels, as it is on the wire.
    func id(_ sequence: UInt64, _ labels: PublisherLabels?) -> String {
        labels?.id?.description ?? EventPosition(epoch: epochs.epoch(of: sequence), sequence: sequence).description
    }

    // MARK: Adding and evicting

    /// Adds an event to the log of a channel. The caller enforces the limits.
    ///
    /// - Parameters:
    ///   - size: bytes on the wire.
    ///   - frame: nil when the bytes are in the archive only.
    func append(
        _ sequence: UInt64, time: UInt64, size: Int, _ labels: PublisherLabels?, frame: Frame?, to topic: Topic
    ) {
        topic.log.append(sequence, time: time, size: size, labels, frame: frame)
        events += 1
        appended += 1
        bytes += ChannelLog.weight(size, labels)
        let place = LogIndexEntry(topic: topic.id.index, sequence: sequence)
        index.append(place)
        if let given = labels?.id { publisherIDs.add(given, at: place) }
        if let frame, frame.endsTopic == nil { loadedBytes += size } else if frame == nil { unloadedThrough = sequence }
    }

    /// Evicts the oldest event of a channel, and records that for the patterns that match it.
    func evictFirst(of topic: Topic, _ budget: inout HoldBudget) -> LogEntry {
        let (entry, weight, given) = topic.log.evictFirst()
        events -= 1
        bytes -= weight
        if entry.isEnd { return entry }
        if let frame = entry.frame { loadedBytes -= frame.count }
        if let name = topic.name { recentEvictions.record(entry.sequence, of: name) }
        if registry.hasPatterns {
            for pattern in registry.patterns(matching: topic) {
                registry[pattern].log.evictions.record(entry.sequence)
                budget.use()
            }
        }
        if let given { publisherIDs.remove(given, from: topic.id.index) }
        return entry
    }

    /// Collects the evictions of the channels that a pattern matches, so that a gap counts those from before the pattern
    /// had subscribers. For a pattern that matches very many channels, only the latest evictions of all channels are
    /// looked at: a gap may then have no number, or report a loss that did not occur.
    ///
    /// - Parameter steps: what may still be looked at for this request.
    func rebuildEvictions(of topic: Topic, _ steps: inout Int) {
        guard !topic.hasRebuiltEvictions, case .pattern(let pattern) = topic.subject else { return }
        // Half of the steps are for the latest evictions, in case the channels are too many.
        var half = steps / 2
        var evictions: Evictions
        if let channels = registry.channels(matching: pattern, &half) {
            evictions = Evictions(unknownThrough: registry.removedThrough(pattern))
            evictions.merge(channels: channels.map(\.log.evictions), &half)
            steps -= steps / 2 - half
        } else {
            steps -= steps / 2
            evictions = recentEvictions.matching(pattern, &steps)
            evictions.merge(unknownThrough: registry.removedThrough(pattern))
        }
        evictions.addCount(of: topic.log.evictions)
        topic.log.evictions = evictions
        topic.hasRebuiltEvictions = true
    }

    /// The highest number of an event that was evicted lately.
    var recentlyEvictedThrough: UInt64 { recentEvictions.through }

    /// Restores that events up to a number may have been evicted.
    func restoreEvictions(unknownThrough through: UInt64) { recentEvictions.restore(unknownThrough: through) }

    /// Takes the oldest entry off the index.
    ///
    /// - Returns: the channel whose oldest event it is; nil when the log has evicted the event, or is empty.
    func popOldest() -> Topic? {
        guard let oldest = index.popFirst(), let topic = registry.topic(at: oldest.topic),
            topic.log.entries.first?.sequence == oldest.sequence
        else { return nil }
        return topic
    }

    /// Takes evicted events off the front of the index.
    func dropEvicted(_ budget: inout HoldBudget) {
        while let first = index.first, registry.topic(at: first.topic)?.log.retains(first.sequence) != true,
            budget.take()
        {
            _ = index.popFirst()
        }
    }

    /// Whether the bytes of events in memory exceed a limit, and some of them can be freed.
    func exceeds(memory limit: Int) -> Bool {
        loadedBytes > limit && index.last.map { $0.sequence > unloadedThrough } == true
    }

    /// Frees the bytes of the oldest events that the archive has too, down to a limit. Call it when all channels of an
    /// event have it.
    func unloadOldest(limit: Int, _ budget: inout HoldBudget) {
        guard loadedBytes > limit else { return }
        for place in index[index.position(after: unloadedThrough)...] {
            // An event of several channels has as many places, and all of its bytes go at once.
            guard place.sequence == unloadedThrough || (loadedBytes > limit && budget.take()) else { return }
            if let bytes = registry.topic(at: place.topic)?.log.unload(place.sequence) { loadedBytes -= bytes }
            unloadedThrough = place.sequence
        }
    }

    /// Whether the index lists so many evicted events that ``compactIndex()`` is worth its time.
    var hasWastefulIndex: Bool { index.count > 2 * events + (events == 0 ? 0 : EventIndex.blockLimit) }

    /// Removes evicted events from one block of the index.
    func compactIndex() {
        index.compact { place in
            guard let first = registry.topic(at: place.topic)?.log.entries.first else { return false }
            return first.sequence <= place.sequence
        }
    }

    // MARK: Lookup

    /// The number of the earliest retained event to which a publisher gave an id, in some topics.
    func sequence(of id: EventID, _ topics: [Topic]) -> UInt64? {
        let named = topics.filter { !$0.isPattern }.map(\.id.index)
        guard topics.contains(where: \.isPattern) else { return publisherIDs.earliest(id, in: named) }
        let matcher = EventMatcher(registry, topics.map { TopicCursor(topic: $0.id, reportedThrough: 0) })
        return publisherIDs.earliest(id, in: named, patterns: matcher.patternCount) { matcher.entry($0) != nil }
    }
}
