import HashTreeCollections

/// The evictions that the archive has yet to write: the channels whose records have changed, and the events that it must
/// delete.
///
/// Before the archive deletes an event, it must know that its channels have evicted it: a client that resumes before it
/// after a restart must get a gap. So when the channels fill more than one batch, the events come with the last of them.
/// Meanwhile later evictions wait for their own turn, or events would be held back for as long as others are evicted.
struct EvictionQueue {
    /// Some evictions: channels by the index of their topic, and events that no channel retains any more.
    private struct Generation {
        var channels: TreeSet<Int> = []
        var events: [UInt64] = []

        var isEmpty: Bool { channels.isEmpty && events.isEmpty }
    }

    /// The evictions of which earlier batches had a part.
    private var draining = Generation()
    private var waiting = Generation()
    /// The highest event in ``waiting`` and ``draining``, or above it; 0 when there is none.
    private var highest: UInt64 = 0

    var isEmpty: Bool { draining.isEmpty && waiting.isEmpty }

    /// Events up to here may be among those that the archive has yet to delete; 0 when there are none.
    var undeletedThrough: UInt64 { highest }

    /// Records that the record of a channel has changed.
    mutating func insert(channel index: Int) { waiting.channels.insert(index) }

    /// Forgets a channel that was removed.
    mutating func remove(channel index: Int) {
        waiting.channels.remove(index)
        draining.channels.remove(index)
    }

    /// Records that no channel retains an event.
    mutating func append(event sequence: UInt64) {
        waiting.events.append(sequence)
        highest = max(highest, sequence)
    }

    /// Queues events again that the archive failed to delete. The caller then inserts the channels of the same batch
    /// again, and no event may go before these.
    mutating func putBack(_ events: [UInt64]) {
        waiting.channels.formUnion(draining.channels)
        waiting.events = events + draining.events + waiting.events
        draining = Generation()
        highest = events.reduce(highest) { max($0, $1) }
    }

    /// Takes the next channels, up to a limit, and with the last of them the events.
    mutating func next(limit: Int) -> (channels: TreeSet<Int>, events: [UInt64]) {
        if draining.isEmpty { swap(&draining, &waiting) }
        guard draining.channels.count > limit else {
            defer {
                draining = Generation()
                if waiting.events.isEmpty { highest = 0 }
            }
            return (draining.channels, draining.events)
        }
        let channels = TreeSet(draining.channels.prefix(limit))
        for index in channels { draining.channels.remove(index) }
        return (channels, [])
    }
}
