import DequeModule
import EventStreams

/// All that the hub's lock guards.
struct HubState {
    let epoch: Epoch
    var policy: HistoryPolicy
    /// The number of the newest event that the log holds, or held.
    var head: UInt64 = 0
    /// The highest number that has been given; events on their way into the archive are above ``head``.
    var numbered: UInt64 = 0
    /// Who names a position up to here may have missed what was lost with the power.
    var brokenThrough: UInt64 = 0
    var heldEvents = 0
    var heldBytes = 0
    var subscribers = 0
    var topics: [Topic?] = []
    var channels: [ChannelName: Int] = [:]
    var patterns: [ChannelPattern: Int] = [:]
    var answers = Answers()

    /// What the archive has still to be told; nil without one.
    var outbox: Outbox?
    /// Letters on their way to each loop, while the lock is held.
    var outgoing: [[Letter]]

    var publisherIDs = PublisherIDs()
    var channelTree = SegmentTree()
    var patternTree = SegmentTree()
    var patternsAge = 1
    var free: [Int] = []
    /// Every held event, oldest first, for ``HistoryPolicy/total`` and for those who read by patterns. Events that a
    /// channel's own limits have let go are still in here until they come up, or until they are too many.
    var order: Deque<LogPlace> = []
    /// Bytes of events that the archive has and memory too.
    var loadedBytes = 0
    /// Up to here, bytes are in the archive only.
    var unloadedThrough: UInt64 = 0
    var forgotten = ForgottenChannels()
    /// Channels that have lost their last event and may be in use by whoever caused it.
    var emptied: [TopicID] = []
    /// Channels that have ended, in the order of their ends.
    var endings: Deque<TopicID> = []
    var sweepNext = 0

    init(epoch: Epoch, policy: HistoryPolicy, loops: Int) {
        self.epoch = epoch
        self.policy = policy
        outgoing = Array(repeating: [], count: loops)
    }

    subscript(topic: TopicID) -> Topic {
        guard let topic = topics[topic.index] else { preconditionFailure("a topic in use is kept") }
        return topic
    }

    /// What has a number, which may have been given up.
    func topic(at index: Int) -> Topic? { topics.indices.contains(index) ? topics[index] : nil }

    // MARK: Topics

    func find(_ name: ChannelName) -> TopicID? { channels[name].map(TopicID.init) }

    /// The topic of a channel, which is made if it is not there.
    mutating func topic(_ name: ChannelName) -> TopicID {
        if let known = find(name) { return known }
        let rule = policy.rule(for: name)
        let topic = add(
            Topic(
                .channel(name), limits: rule?.limits ?? policy.standard, slow: rule?.slow ?? policy.slow,
                forgottenThrough: forgotten[name]))
        channels[name] = topic.index
        channelTree.insert(topic, at: name.description)
        return topic
    }

    /// The topic of a pattern, which is made if it is not there.
    mutating func topic(_ pattern: ChannelPattern) -> TopicID {
        if let known = patterns[pattern] { return TopicID(index: known) }
        let rule = policy.rule(for: pattern)
        let topic = add(
            Topic(
                .pattern(pattern), limits: rule?.limits ?? policy.standard, slow: rule?.slow ?? policy.slow,
                forgottenThrough: 0))
        patterns[pattern] = topic.index
        patternTree.insert(topic, at: pattern.description)
        patternsAge += 1
        return topic
    }

    private mutating func add(_ topic: Topic) -> TopicID {
        if let reused = free.popLast() {
            topics[reused] = topic
            return TopicID(index: reused)
        }
        topics.append(topic)
        return TopicID(index: topics.count - 1)
    }

    /// Forgets a channel that holds nothing and has no subscriber: it then costs nothing.
    mutating func forgetIfIdle(_ id: TopicID) {
        guard let topic = topic(at: id.index), topic.isIdle else { return }
        switch topic.subject {
        case .channel(let name):
            if topic.log.gone.through > 0 {
                for place in forgotten.note(name, through: topic.log.gone.through) {
                    outbox?.places[place] = forgotten.through(place: place)
                }
            }
            outbox?.forgotten.append(name)
            outbox?.changed.remove(id.index)
            channels[name] = nil
            channelTree.remove(name.description)
        case .pattern(let pattern):
            patterns[pattern] = nil
            patternTree.remove(pattern.description)
            patternsAge += 1
        }
        topics[id.index] = nil
        free.append(id.index)
    }

    /// Forgets the channels that were emptied since the last call. No topic may be in use any more.
    mutating func forgetEmptied() {
        for id in emptied { forgetIfIdle(id) }
        emptied.removeAll(keepingCapacity: true)
    }

    /// The patterns that somebody subscribes to and that match a channel.
    func watchers(of index: Int) -> [TopicID] {
        guard patternTree.count > 0, let topic = topic(at: index), let name = topic.name else { return [] }
        if topic.watchersAge == patternsAge { return topic.watchers }
        topic.watchers = patternTree.patterns(matching: name)
        topic.watchersAge = patternsAge
        return topic.watchers
    }

    /// The channels that a pattern matches.
    func channels(matching pattern: ChannelPattern) -> [TopicID] { channelTree.names(matching: pattern) }

    /// Gathers what is gone of the channels that a pattern matches, so that who comes back to it can be told.
    func survey(_ id: TopicID) {
        guard !self[id].isSurveyed, case .pattern(let pattern) = self[id].subject else { return }
        var gone = Evictions(unknownThrough: forgotten[pattern])
        gone.merge(channels: channels(matching: pattern).map { self[$0].log.gone })
        gone.count(from: self[id].log.gone)
        self[id].log.gone = gone
        self[id].isSurveyed = true
    }
}
