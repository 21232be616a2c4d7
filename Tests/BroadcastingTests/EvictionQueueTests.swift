import HashTreeCollections
import Testing
import TimeLimits

@testable import Broadcasting

@Suite(.endsInTime()) struct `The queue of evictions` {
    @Test func `releases events with the last of their channels, although more channels come than it releases`() {
        var queue = EvictionQueue()
        var released: [UInt64] = []
        for round in 0..<100 {
            for channel in 0..<3 { queue.insert(channel: 3 * round + channel) }
            queue.append(event: UInt64(round))
            let (channels, events) = queue.next(limit: 2)
            #expect(channels.count <= 2)
            released += events
        }
        #expect(released.count > 10, "\(released.count) events of 100")
        #expect(released == Array(0..<UInt64(released.count)))
    }

    @Test func `releases no event before every channel of its time is written, also after a write that failed`() {
        var queue = EvictionQueue()
        for channel in 0..<5 { queue.insert(channel: channel) }
        queue.append(event: 9)
        let refused = queue.next(limit: 2)
        #expect(refused.events.isEmpty)
        queue.putBack(refused.events)
        for channel in refused.channels { queue.insert(channel: channel) }
        var written: Set<Int> = []
        while !queue.isEmpty {
            let (channels, events) = queue.next(limit: 2)
            written.formUnion(channels)
            #expect(events.isEmpty || written.count == 5, "event 9 goes before channels \(written) alone are written")
        }
        #expect(written.count == 5)
    }

    @Test func `names the highest event that it still has`() {
        var queue = EvictionQueue()
        for channel in 0..<3 { queue.insert(channel: channel) }
        queue.append(event: 7)
        #expect(queue.next(limit: 2).events.isEmpty && queue.undeletedThrough == 7)
        queue.append(event: 5)
        #expect(queue.next(limit: 2).events == [7] && queue.undeletedThrough == 7)
        #expect(queue.next(limit: 2).events == [5] && queue.undeletedThrough == 0)
        queue.putBack([5])
        #expect(queue.undeletedThrough == 5)
    }
}
