import HashTreeCollections
import Testing
import TimeLimits

@testable import Broadcasting

@Suite(.endsInTime()) struct `The queue of evictions` {
    private static let two = EvictionQueue.Share(channels: 2, events: 2)

    @Test func `releases events after the last of their channels, although more channels come than it releases`() {
        var queue = EvictionQueue()
        var released: [UInt64] = []
        for round in 0..<100 {
            for channel in 0..<3 { queue.insert(channel: 3 * round + channel) }
            queue.append(event: UInt64(round))
            let (channels, events) = queue.next(Self.two, now: 0)
            #expect(channels.count <= 2 && events.count <= 2)
            released += events
        }
        #expect(released.count > 10, "\(released.count) events of 100")
        #expect(released == Array(0..<UInt64(released.count)))
    }

    @Test func `releases no event before every channel of its time is written, also after a write that failed`() {
        var queue = EvictionQueue()
        for channel in 0..<5 { queue.insert(channel: channel) }
        queue.append(event: 9)
        let refused = queue.next(Self.two, now: 0)
        #expect(refused.events.isEmpty)
        queue.putBack(channels: Array(refused.channels), events: refused.events)
        var written: Set<Int> = []
        while !queue.isEmpty {
            let (channels, events) = queue.next(Self.two, now: 0)
            written.formUnion(channels)
            #expect(events.isEmpty || written.count == 5, "event 9 goes before channels \(written) alone are written")
        }
        #expect(written.count == 5)
    }

    @Test func `names the highest event that it still has`() {
        var queue = EvictionQueue()
        for channel in 0..<3 { queue.insert(channel: channel) }
        queue.append(event: 7)
        #expect(queue.next(Self.two, now: 0).events.isEmpty && queue.undeletedThrough == 7)
        queue.append(event: 5)
        #expect(queue.next(Self.two, now: 0).events == [7] && queue.undeletedThrough == 7)
        #expect(queue.next(Self.two, now: 0).events == [5] && queue.undeletedThrough == 0)
        queue.putBack(channels: [], events: [5])
        #expect(queue.undeletedThrough == 5)
    }

    @Test func `releases a few events at a time, and names the highest until the last is released`() {
        var queue = EvictionQueue()
        for event in 1...5 { queue.append(event: UInt64(event)) }
        var released: [[UInt64]] = []
        var highest: [UInt64] = []
        while !queue.isEmpty {
            released.append(queue.next(Self.two, now: 0).events)
            highest.append(queue.undeletedThrough)
        }
        #expect(released == [[1, 2], [3, 4], [5]] && highest == [5, 5, 0])
    }

    @Test func `lets a few wait for a second, and no longer`() {
        var queue = EvictionQueue()
        #expect(!queue.isDue(now: 5000))
        queue.insert(channel: 1)
        #expect(queue.isDue(now: 5000) && !queue.isUrgent)
        _ = queue.next(Self.two, now: 5000)
        queue.insert(channel: 1)
        #expect(!queue.isDue(now: 5999) && queue.isDue(now: 6000))
    }

    @Test func `lets many wait for nothing, nor the rest of those that have begun`() {
        var queue = EvictionQueue()
        _ = queue.next(Self.two, now: 5000)
        queue.insert(channel: 1)
        for event in 1..<EvictionQueue.many - 1 { queue.append(event: UInt64(event)) }
        #expect(!queue.isUrgent)
        queue.append(event: UInt64(EvictionQueue.many))
        #expect(queue.isUrgent)
        _ = queue.next(Self.two, now: 5000)
        #expect(queue.isUrgent)
        _ = queue.next(EvictionQueue.Share(channels: 0, events: .max), now: 5000)
        #expect(queue.isEmpty && !queue.isUrgent)
    }

    @Test func `lets those that the archive failed to write wait for nothing`() {
        var queue = EvictionQueue()
        queue.append(event: 1)
        let refused = queue.next(Self.two, now: 5000)
        queue.putBack(channels: [], events: refused.events)
        #expect(queue.isDue(now: 5000))
    }

    @Test func `gives what the archive failed to write again before what came later, and in the same order`() {
        var queue = EvictionQueue()
        for event in 1...5 { queue.append(event: UInt64(event)) }
        let refused = queue.next(Self.two, now: 0)
        queue.append(event: 6)
        queue.putBack(channels: [], events: refused.events)
        var released: [UInt64] = []
        while !queue.isEmpty { released += queue.next(Self.two, now: 0).events }
        #expect(released == [1, 2, 3, 4, 5, 6])
    }
}
