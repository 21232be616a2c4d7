import DequeModule
import HashTreeCollections

/// The evictions that the archive has yet to write: the channels whose records have changed, and the events that it must
/// delete.
///
/// Evictions wait until there are many, or for a moment: the same channels evict events again and again, and one record of a
/// channel then covers many evictions. Afterwards each batch takes a few, so that no publisher waits long for them.
///
/// Before the archive deletes an event, it must know that its channels have evicted it: a client that resumes before it
/// after a restart must get a gap. So the channels of a time go first, and the events follow. Meanwhile later evictions wait
/// for their own turn, or events would be held back for as long as others are evicted.
struct EvictionQueue {
    /// What a batch takes at most.
    struct Share {
        let channels: Int
        let events: Int
    }

    /// Some evictions: channels by the index of their topic, and events that no channel retains any more.
    private struct Generation {
        var channels: TreeSet<Int> = []
        var events: Deque<UInt64> = []

        var isEmpty: Bool { channels.isEmpty && events.isEmpty }
        var count: Int { channels.count + events.count }
    }

    /// The evictions of which earlier batches had a part.
    private var draining = Generation()
    private var waiting = Generation()
    /// When ``draining`` began, in milliseconds since 1970.
    private var start: UInt64 = 0
    /// The highest event in ``waiting`` and ``draining``, or above it; 0 when there is none.
    private var highest: UInt64 = 0

    /// When so many wait, the archive writes them at once.
    static let many = 1024
    /// Fewer wait until so many milliseconds have passed since the archive last began to write some.
    static let patience: UInt64 = 1000

    var isEmpty: Bool { draining.isEmpty && waiting.isEmpty }

    /// Whether the archive must write some now, at any time.
    var isUrgent: Bool { !draining.isEmpty || waiting.count >= Self.many }

    /// Whether the archive must write some now.
    func isDue(now: UInt64) -> Bool {
        isUrgent || !waiting.isEmpty && now >= start + Self.patience
    }

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

    /// Queues again what ``next(_:now:)`` gave and the archive failed to write: it comes next.
    mutating func putBack(channels: [Int], events: [UInt64]) {
        draining.channels.formUnion(channels)
        draining.events.prepend(contentsOf: events)
        highest = events.reduce(highest) { max($0, $1) }
    }

    /// Takes the next channels, and once there is none left, the next events.
    mutating func next(_ share: Share, now: UInt64) -> (channels: TreeSet<Int>, events: [UInt64]) {
        if draining.isEmpty {
            swap(&draining, &waiting)
            start = now
        }
        let channels: TreeSet<Int>
        if draining.channels.count <= share.channels {
            channels = draining.channels
            draining.channels = []
        } else {
            channels = TreeSet(draining.channels.prefix(share.channels))
            for index in channels { draining.channels.remove(index) }
        }
        guard draining.channels.isEmpty else { return (channels, []) }
        let events = Array(draining.events.prefix(share.events))
        draining.events.removeFirst(events.count)
        if draining.events.isEmpty, waiting.events.isEmpty { highest = 0 }
        return (channels, events)
    }
}
