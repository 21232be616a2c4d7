import DequeModule

/// How far a subscriber is behind the head of the log.
public struct Lag: Sendable, Hashable {
    /// Events that it has yet to get; an event of two of its channels counts twice.
    public var events = 0
    /// Their bytes.
    public var bytes = 0
    /// Milliseconds since the oldest of them was published.
    public var age: UInt64 = 0

    /// None.
    public init() {}
}

extension Hub {
    /// The events above a position for a subscriber of these topics. It looks at 2,048 places of the log for a pattern, at fewer
    /// for several, and so may find fewer than there are.
    ///
    /// - Parameter now: milliseconds since 1970.
    public func lag(_ cursors: [TopicCursor], after position: UInt64, now: UInt64) -> Lag {
        locked { state in
            var lag = Lag()
            func add(_ entry: LogEntry, events: Int, bytes: Int) {
                lag.events += events
                lag.bytes += bytes
                lag.age = max(lag.age, now > entry.time ? now - entry.time : 0)
            }
            for cursor in cursors {
                let log = state.registry[cursor.topic].log
                guard !state.registry[cursor.topic].isPattern else { continue }
                let next = log.index(after: max(position, cursor.reportedThrough))
                if next < log.entries.count {
                    add(log.entries[next], events: log.entries.count - next, bytes: log.bytes(from: next))
                }
            }
            let patterns = cursors.filter { state.registry[$0.topic].isPattern }
            guard !patterns.isEmpty else { return lag }
            let matcher = EventMatcher(state.registry, patterns)
            let index = state.log.index
            var last: UInt64 = 0
            for place in index[index.position(after: position)...].prefix(max(32, 2048 / matcher.patternCount))
            where place.sequence != last {
                guard let (entry, size) = matcher.entry(place) else { continue }
                last = place.sequence
                add(entry, events: 1, bytes: size)
            }
            return lag
        }
    }

    /// The newest event of some topics up to a position.
    public func lastEvent(_ cursors: [TopicCursor], through position: UInt64) -> LastEvent {
        locked { state in
            var newest: (sequence: UInt64, id: String, time: UInt64)?
            var evicted: UInt64 = 0
            for cursor in cursors {
                let topic = state.registry[cursor.topic]
                if topic.isPattern { return .unknown }
                evicted = max(evicted, topic.log.evictions.through)
                let index = topic.log.index(after: position) - 1
                guard index >= 0, index < topic.log.entries.count else { continue }
                let sequence = topic.log.entries[index].sequence
                if newest.map({ $0.sequence < sequence }) ?? true {
                    newest = (sequence, state.log.id(sequence, in: topic.log), topic.log.entries[index].time)
                }
            }
            guard let newest else { return evicted > 0 ? .unknown : .none }
            return evicted > newest.sequence ? .unknown : .known(id: newest.id, time: newest.time)
        }
    }

    /// The position of an event of this log.
    public func position(of sequence: UInt64) -> EventPosition {
        state.withLock { $0.log.epochs.position(of: sequence) }
    }
}
