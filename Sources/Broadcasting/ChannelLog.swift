import DequeModule
import EventStreams

/// What is held of one channel, oldest first.
struct ChannelLog {
    private(set) var frames: Deque<Frame> = []
    /// Bytes that the channel had had with each event of ``frames``.
    private var ends: Deque<Int> = []
    /// Bytes on the wire of what is held.
    private(set) var bytes = 0
    /// The newest events of all keys, for ``SlowPolicy/Action/latest``.
    private(set) var newest = NewestEvents()
    /// The highest sequence number of this channel that is no longer held; 0 when all of it is.
    private(set) var evictedThrough: UInt64
    /// The sequence numbers of the newest events that are no longer held, to tell how many of them somebody missed.
    private var evicted: Deque<UInt64> = []
    /// How many of those are remembered: 8 KiB at most, for a channel that has had as many events.
    private static let remembered = 1024
    /// The highest sequence number that is not even remembered.
    private var unknownThrough: UInt64
    private var publisherIDs: [EventID: [UInt64]] = [:]

    /// - Parameter forgottenThrough: channels that were forgotten may have had this name and events up to here.
    init(forgottenThrough: UInt64) {
        evictedThrough = forgottenThrough
        unknownThrough = forgottenThrough
    }

    var isEmpty: Bool { frames.isEmpty }

    mutating func append(_ frame: Frame) {
        frames.append(frame)
        bytes += frame.count
        ends.append((ends.last ?? 0) + frame.count)
        if frame.endsTopic == nil { newest.note(frame) }
        if let id = frame.publisherID { publisherIDs[id, default: []].append(frame.sequence) }
    }

    /// Lets the oldest go.
    mutating func evictFirst() -> Frame {
        let frame = frames.removeFirst()
        bytes -= frame.count
        ends.removeFirst()
        // The end of a channel is no event that somebody could miss.
        if frame.endsTopic != nil { return frame }
        newest.forget(frame)
        evictedThrough = frame.sequence
        evicted.append(frame.sequence)
        if evicted.count > Self.remembered { unknownThrough = evicted.removeFirst() }
        if let id = frame.publisherID {
            publisherIDs[id]?.removeFirst()
            if publisherIDs[id]?.isEmpty == true { publisherIDs[id] = nil }
        }
        return frame
    }

    /// Whether a limit says that the oldest must go.
    func exceeds(_ limits: HistoryLimits, now: UInt64) -> Bool {
        guard let oldest = frames.first else { return false }
        if frames.count > limits.events || (bytes > limits.bytes && frames.count > 1) { return true }
        return oldest.time < now && now - oldest.time > limits.age
    }

    /// In what somebody at a position is too far behind, by a policy's own limits.
    func lag(after sequence: UInt64, _ policy: SlowPolicy, now: UInt64) -> Lag? {
        guard policy.hasLimits else { return nil }
        let next = index(after: sequence)
        let count = frames.count - (frames.last?.endsTopic == nil ? 0 : 1)
        guard next < count else { return nil }
        if policy.events > 0, count - next > policy.events { return .events }
        let missing = ends[count - 1] - (ends[next] - frames[next].count)
        if policy.bytes > 0, missing > policy.bytes { return .bytes }
        let oldest = frames[next].time
        if policy.age > 0, oldest < now, now - oldest > policy.age { return .age }
        return nil
    }

    /// The index in ``frames`` of the first event above a position: a binary search.
    func index(after sequence: UInt64) -> Int {
        var low = 0
        var high = frames.count
        while low < high {
            let middle = (low + high) / 2
            if frames[middle].sequence <= sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The sequence number of the earliest held event to which a publisher gave this id.
    func sequence(of id: EventID) -> UInt64? { publisherIDs[id]?.first }

    /// The sequence number of the newest event, held or not.
    var newestEvent: UInt64 { frames.last { $0.endsTopic == nil }?.sequence ?? evictedThrough }

    /// How many events lie above one position and not above another, at which or before which all that is no longer
    /// held must lie; nil when that cannot be known.
    func count(after sequence: UInt64, through last: UInt64) -> Int? {
        guard evictedThrough <= sequence || sequence >= unknownThrough else { return nil }
        return evicted.reversed().prefix { $0 > sequence }.count + max(0, index(after: last) - index(after: sequence))
    }

    /// The sequence numbers of these events.
    func sequences(after sequence: UInt64, through last: UInt64) -> [UInt64]? {
        guard count(after: sequence, through: last) != nil else { return nil }
        return evicted.reversed().prefix { $0 > sequence }
            + frames[index(after: sequence)..<max(index(after: sequence), index(after: last))].map(\.sequence)
    }
}
