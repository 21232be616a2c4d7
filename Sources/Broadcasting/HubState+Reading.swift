import DequeModule
import EventStreams

extension HubState {
    /// See ``Hub/read(_:after:isSlow:now:budget:into:)``.
    func read(
        _ interests: [Interest], after cursor: UInt64, isSlow: Bool, now: UInt64, budget: Int,
        into frames: inout [Frame]
    ) -> Slice {
        var slice = Slice()
        if let cut = overdue(interests, after: cursor, isSlow: isSlow, now: now) {
            slice.cut = cut.lag
            slice.farewell = cut.farewell
            return slice
        }
        let interests = skip(interests, after: cursor, isSlow: isSlow, now: now, &slice)
        var collector = Collector(budget: budget)
        let isWhole =
            if interests.contains(where: { self[$0.topic].isPattern }) {
                walk(interests, after: cursor, &collector, &slice)
            } else if interests.count == 1, !isConflated(interests[0], after: cursor, isSlow: isSlow, now: now) {
                take(interests[0], after: cursor, &collector)
            } else {
                merge(interests.map { source($0, after: cursor, isSlow: isSlow, now: now) }, &collector)
            }
        frames += collector.frames
        slice.absent = collector.absent
        if isWhole, collector.absent.isEmpty { slice.head = head }
        return slice
    }

    /// What is left to be said to a subscriber that missed something of channels which have all ended: it could come
    /// back, but only to be turned away.
    func farewell(_ interests: [Interest], after cursor: UInt64, begun: Frame?) -> [UInt8]? {
        guard interests.allSatisfy({ self[$0.topic].isEnded }) else { return nil }
        let cursor = max(cursor, begun?.sequence ?? 0)
        let position = Array(EventPosition(epoch: epoch, sequence: cursor).description.utf8)
        // What is still held is missed as well: it is not sent any more.
        let lost = lost(
            interests.map { interest in
                let last = self[interest.topic].log.newestEvent
                return Omission(topic: interest.topic, after: max(cursor, interest.toldThrough), through: last)
            }, coming: [], after: cursor)
        let gap = lost == 0 ? [] : EventEncoder.encode(Notices.gap(gap(position, [], lost: lost)))
        return interests.reduce(gap) { wire, interest in
            guard begun?.endsTopic != interest.topic, let name = self[interest.topic].name else { return wire }
            return wire + EventEncoder.encode(Notices.end(of: name))
        }
    }

    /// - Returns: whether nothing is left.
    private func take(_ interest: Interest, after cursor: UInt64, _ collector: inout Collector) -> Bool {
        let log = self[interest.topic].log
        for index in log.index(after: max(cursor, interest.toldThrough))..<log.entries.count {
            guard collector.take(log.entries[index], size: log.size(at: index)) else { return false }
        }
        return true
    }

    /// What one topic has for a subscriber.
    struct Source {
        let entries: Deque<LogEntry>
        var next: Int

        var first: LogEntry? { next < entries.count ? entries[next] : nil }
    }

    func source(_ interest: Interest, after cursor: UInt64, isSlow: Bool, now: UInt64) -> Source {
        let log = self[interest.topic].log
        if isConflated(interest, after: cursor, isSlow: isSlow, now: now) {
            return Source(entries: log.conflated(after: max(cursor, interest.toldThrough)), next: 0)
        }
        return Source(entries: log.entries, next: log.index(after: max(cursor, interest.toldThrough)))
    }

    /// Merges several channels in the order of the log; an event of two of them is taken once.
    private func merge(_ sources: [Source], _ collector: inout Collector) -> Bool {
        var sources = sources
        while let first = sources.lazy.compactMap(\.first).min(by: { $0.sequence < $1.sequence }) {
            guard collector.take(first, size: first.frame?.count ?? Collector.guess) else { return false }
            for index in sources.indices where sources[index].first?.sequence == first.sequence {
                sources[index].next += 1
            }
        }
        return true
    }

    /// Events of all channels that are looked at in one go.
    private static var walkLimit: Int { 4096 }

    /// Walks over the events of all channels and takes those that match; an event of two channels is taken once. What a
    /// subscriber costs that has patterns does not depend on how many channels these match.
    private func walk(
        _ interests: [Interest], after cursor: UInt64, _ collector: inout Collector, _ slice: inout Slice
    ) -> Bool {
        let matcher = Matcher(self, interests)
        let start = orderIndex(after: cursor)
        var end = min(order.count, start + Self.walkLimit)
        // An event that went to several channels stands here several times.
        while end > start, end < order.count, order[end].sequence == order[end - 1].sequence { end += 1 }
        for index in start..<end {
            guard order[index].sequence != collector.last, let held = matcher.entry(order[index]) else { continue }
            guard collector.take(held.entry, size: held.size) else { return false }
        }
        if end < order.count, collector.absent.isEmpty { slice.through = order[end - 1].sequence }
        return end == order.count
    }

    func summary(_ id: TopicID, _ name: ChannelName) -> ChannelSummary {
        let topic = self[id]
        return ChannelSummary(
            name: name, subscribers: topic.subscribers, events: topic.log.entries.count, bytes: topic.log.bytes,
            first: topic.log.oldestEntry.map { self.id($0, in: topic.log) },
            last: topic.log.newestEntry.map { self.id($0, in: topic.log) })
    }

    /// The id of an event, as it is on the wire.
    func id(_ entry: LogEntry, in log: ChannelLog) -> String {
        log.labels(of: entry.sequence)?.id?.description
            ?? EventPosition(epoch: epoch, sequence: entry.sequence).description
    }
}

/// Collects the next events for a subscriber: those in memory, or the numbers of those that are not.
struct Collector {
    private(set) var frames: [Frame] = []
    private(set) var absent: [UInt64] = []
    private var budget: Int
    /// The number of the last one.
    private(set) var last: UInt64 = 0

    /// Bytes that an event may have when its size is not at hand.
    static let guess = 1024

    init(budget: Int) {
        self.budget = budget
    }

    /// - Returns: whether it was taken; if not, the collection is complete.
    mutating func take(_ entry: LogEntry, size: Int) -> Bool {
        guard budget > 0 else { return false }
        if let frame = entry.frame {
            guard absent.isEmpty else { return false }
            frames.append(frame)
        } else {
            guard frames.isEmpty else { return false }
            absent.append(entry.sequence)
        }
        budget -= size
        last = entry.sequence
        return true
    }
}

/// Finds the events of all channels that belong to a subscriber with patterns.
struct Matcher {
    private let state: HubState
    /// Channels and patterns, and up to where the subscriber has been told of each.
    private var told: [Int: UInt64] = [:]
    private let hasPatterns: Bool

    init(_ state: HubState, _ interests: [Interest]) {
        self.state = state
        for interest in interests { told[interest.topic.index] = interest.toldThrough }
        hasPatterns = interests.contains { state[$0.topic].isPattern }
    }

    /// The event at a place, if it is held and belongs to the subscriber.
    func entry(_ place: LogPlace) -> (entry: LogEntry, size: Int)? {
        let (topic, sequence) = (place.topic, place.sequence)
        let isNamed = told[topic].map { sequence > $0 } ?? false
        guard isNamed || isWatched(topic, sequence), let log = state.topic(at: topic)?.log else { return nil }
        let index = log.index(after: sequence - 1)
        guard index < log.entries.count, log.entries[index].sequence == sequence else { return nil }
        // Only who names a channel is told of its end.
        if log.entries[index].isEnd, !isNamed { return nil }
        return (log.entries[index], log.size(at: index))
    }

    private func isWatched(_ topic: Int, _ sequence: UInt64) -> Bool {
        guard hasPatterns else { return false }
        return state.watchers(of: topic).contains { watcher in told[watcher.index].map { sequence > $0 } ?? false }
    }
}
