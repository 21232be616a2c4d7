import HashTreeCollections

/// The channels that exist and the patterns that have subscribers. Only code under the hub's lock may use it.
final class TopicRegistry {
    private var topics = BlockArray<Topic?>()
    /// Numbers to use again. After ``trim()`` it may list numbers that are out of range, or in use.
    private var free = BlockArray<Int>()
    // A hash table would stop everything while it moves a million channels to a larger one.
    private var channels: TreeDictionary<ChannelName, Topic> = [:]
    private var orderedChannels = OrderedChannels()
    private var patterns: TreeDictionary<ChannelPattern, Topic> = [:]
    private var patternTree = PatternTree()
    /// Whether there is any pattern. Every publish asks, and a word is quicker to read than a tree.
    private(set) var hasPatterns = false
    /// Rises whenever a pattern is added or removed.
    private var patternsVersion = 1
    private(set) var removed = RemovedChannels()
    private var sweepPosition = 0
    var changes = ChannelChanges()
    /// How many topics have ended, also of those whose name another topic has now.
    private(set) var endedCount = 0

    subscript(id: TopicID) -> Topic {
        guard let topic = topics[id.index] else { preconditionFailure("a topic in use stays in the registry") }
        return topic
    }

    /// The topic with a number; nil when the hub has removed it.
    func topic(at index: Int) -> Topic? { index < topics.count ? topics[index] : nil }

    func find(_ name: ChannelName) -> Topic? { channels[name] }

    func find(_ pattern: ChannelPattern) -> Topic? { patterns[pattern] }

    var channelCount: Int { channels.count }

    /// How many of them are the daemon's own.
    private(set) var ownChannelCount = 0

    var patternCount: Int { patterns.count }

    /// Up to `count` channels, sorted by name, segment by segment, that follow a name; nil starts with the first.
    func channels(after name: String?, count: Int) -> [Topic] { orderedChannels.channels(after: name, count: count) }

    /// All topics.
    var all: [Topic] { (0..<topics.count).compactMap { topics[$0] } }

    // MARK: Adding and removing

    /// The topic of a channel. Adds it if it does not exist.
    func channel(_ name: ChannelName, _ policy: HistoryPolicy) -> Topic {
        if let known = channels[name] { return known }
        let topic = Topic(nextID(), .channel(name), policy, removedThrough: removed[name])
        topics[topic.id.index] = topic
        channels[name] = topic
        orderedChannels.insert(topic)
        if name.isReserved { ownChannelCount += 1 }
        changes.note(.created(name))
        return topic
    }

    /// Gives the name of an ended channel that still has subscribers to a new topic. The subscribers of the old one get
    /// their remaining events and the end, and never an event that someone publishes from now on.
    func replace(_ old: Topic, _ policy: HistoryPolicy) -> Topic {
        guard case .channel(let name) = old.subject else { preconditionFailure("a pattern does not end") }
        old.isReplaced = true
        orderedChannels.remove(old)
        let topic = Topic(nextID(), old.subject, policy, removedThrough: 0)
        // To a client that resumes in the new one, the events of the old one are missing.
        topic.log.evictions = old.log.evictionsWithRetained
        topics[topic.id.index] = topic
        channels[name] = topic
        orderedChannels.insert(topic)
        changes.note(.created(name))
        return topic
    }

    /// Restores a channel that has ended, and whose name another topic has.
    func replaced(_ name: ChannelName, _ policy: HistoryPolicy) -> Topic {
        let topic = Topic(nextID(), .channel(name), policy, removedThrough: 0)
        topic.isReplaced = true
        topics[topic.id.index] = topic
        return topic
    }

    /// The topic of a pattern. Adds it if it does not exist.
    func pattern(_ pattern: ChannelPattern, _ policy: HistoryPolicy) -> Topic {
        if let known = patterns[pattern] { return known }
        let topic = Topic(nextID(), .pattern(pattern), policy, removedThrough: 0)
        topics[topic.id.index] = topic
        patterns[pattern] = topic
        patternTree.insert(topic.id, at: pattern.description)
        hasPatterns = true
        patternsVersion += 1
        return topic
    }

    /// Marks a channel as ended.
    func end(_ topic: Topic, at time: UInt64, number: UInt64) {
        topic.status = .ended(at: time, number: number)
        if let name = topic.name { changes.note(.ended(name)) }
        endedCount += 1
    }

    /// Marks an ended channel as open.
    func reopen(_ topic: Topic) {
        topic.status = .open
        if let name = topic.name { changes.note(.created(name)) }
        endedCount -= 1
    }

    private func nextID() -> TopicID {
        // After many topics were removed, all of the list may be out of range.
        for _ in 0..<64 {
            guard let reused = free.popLast() else { break }
            if reused < topics.count, topics[reused] == nil { return TopicID(index: reused) }
        }
        topics.append(nil)
        return TopicID(index: topics.count - 1)
    }

    /// Removes a topic and frees its number.
    ///
    /// - Returns: the slots of ``RemovedChannels`` that the archive must record.
    func remove(_ topic: Topic) -> [(slot: Int, through: UInt64)] {
        var records: [(slot: Int, through: UInt64)] = []
        switch topic.subject {
        case .channel where topic.isReplaced: break
        case .channel(let name):
            let through = topic.log.evictions.through
            if through > 0 { records = removed.record(name, through: through) }
            channels[name] = nil
            orderedChannels.remove(topic)
            if name.isReserved { ownChannelCount -= 1 }
        case .pattern(let pattern):
            patterns[pattern] = nil
            patternTree.remove(pattern.description)
            hasPatterns = !patterns.isEmpty
            patternsVersion += 1
        }
        if topic.isEnded { endedCount -= 1 }
        topics[topic.id.index] = nil
        free.append(topic.id.index)
        return records
    }

    /// Restores a slot of ``RemovedChannels`` from an archive.
    func restoreRemoved(slot: Int, through sequence: UInt64) { removed.restore(slot: slot, through: sequence) }

    // MARK: Patterns

    /// The most patterns that a channel remembers.
    private static let keptPatterns = 64

    /// The patterns with subscribers that match a channel.
    func patterns(matching channel: Topic) -> [TopicID] {
        guard hasPatterns, let name = channel.name else { return [] }
        if channel.matchingPatterns.version == patternsVersion { return channel.matchingPatterns.topics }
        let found = patternTree.patterns(matching: name)
        // Every channel may match every pattern: long lists would be memory that no limit counts.
        channel.matchingPatterns = found.count <= Self.keptPatterns ? (found, patternsVersion) : ([], 0)
        return found
    }

    /// The channels that a pattern matches; nil when it takes more steps than are left to find them.
    func channels(matching pattern: ChannelPattern, _ steps: inout Int) -> [Topic]? {
        orderedChannels.channels(matching: pattern, &steps)
    }

    /// The highest number of an event that a removed channel of a pattern may have had.
    func removedThrough(_ pattern: ChannelPattern) -> UInt64 { removed[pattern] }

    // MARK: Upkeep

    /// How many topics one hold of the lock sweeps. After a change of the policy, each takes some microseconds.
    static let sweptAtOnce = 16

    /// How many calls of ``nextToSweep()`` return a thirtieth of the topics, or 4096, or all when there are fewer.
    var sweepsPerSecond: Int {
        (min(topics.count, max(4096, topics.count / 30)) + Self.sweptAtOnce - 1) / Self.sweptAtOnce
    }

    /// The next topics to sweep.
    func nextToSweep() -> [Topic] {
        var found: [Topic] = []
        for _ in 0..<min(topics.count, Self.sweptAtOnce) {
            sweepPosition = sweepPosition + 1 < topics.count ? sweepPosition + 1 : 0
            if let topic = topics[sweepPosition] { found.append(topic) }
        }
        return found
    }

    /// Some topics, from an index on, and the index of the next; nil when these are the last.
    func topics(from index: Int) -> (topics: [Topic], next: Int?) {
        let end = min(topics.count, index + Self.sweptAtOnce)
        return ((min(index, end)..<end).compactMap { topics[$0] }, end < topics.count ? end : nil)
    }

    /// Frees the memory of removed topics at the end of the list.
    func trim() {
        for _ in 0..<4096 {
            guard !topics.isEmpty, topics[topics.count - 1] == nil else { return }
            _ = topics.popLast()
        }
    }
}
