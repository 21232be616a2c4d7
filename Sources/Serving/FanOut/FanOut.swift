import Broadcasting
import DequeModule
import Kernel

/// Writes events to the live subscribers of one loop, a slice of a topic at a time.
struct FanOut: ~Copyable {
    /// Writes between two readings of the clock.
    private static let writesPerLook = 8

    private var topics: [TopicFanOut?] = []
    private var free: [Int32] = []
    private var indexOfTopic: [TopicID: Int32] = [:]
    /// Topics with waiting events, in the order in which they get their next slice.
    private var queue: Deque<Int32> = []
    private var batch = WriteBatch()
    private var items: [MailboxItem] = []
    private let throttle: PublisherThrottle
    private let port: LoopPort
    /// Bytes; see ``ServingSettings/fanoutBacklog``.
    var backlogLimit: Int

    init(_ context: LoopContext, backlogLimit: Int) {
        throttle = context.throttle
        port = context.port
        self.backlogLimit = backlogLimit
    }

    /// Whether no event waits.
    var isIdle: Bool { queue.isEmpty }

    /// How many topics have waiting events.
    var waitingTopics: Int { queue.count }

    // MARK: Subscribers

    /// Adds a subscriber to its topics.
    mutating func add(_ slot: UInt32, to cursors: [TopicCursor]) -> SubscriberTopics {
        SubscriberTopics(
            cursors.map { cursor in
                let index = index(of: cursor.topic)
                let place =
                    cursors.count == 1
                    ? topics[Int(index)]!.single.append(slot) : topics[Int(index)]!.several.append(slot)
                return TopicMembership(fanOut: index, place: UInt32(place), cursor: cursor)
            })
    }

    private mutating func index(of topic: TopicID) -> Int32 {
        if let known = indexOfTopic[topic] { return known }
        let index = free.popLast() ?? Int32(topics.count)
        if Int(index) == topics.count { topics.append(nil) }
        topics[Int(index)] = TopicFanOut(topic: topic)
        indexOfTopic[topic] = index
        return index
    }

    /// Removes a subscriber from one topic.
    ///
    /// - Parameter isOnly: whether it subscribed to this topic alone. A subscriber that has left its other topics stays
    ///   among those of several topics.
    /// - Returns: whether the loop has no other subscriber of the topic, and the subscribers whose places changed.
    mutating func remove(
        _ membership: TopicMembership, isOnly: Bool
    ) -> (isLast: Bool, moves: (RoundRobin.Move?, RoundRobin.Move?)) {
        let index = Int(membership.fanOut)
        let place = Int(membership.place)
        let moves = isOnly ? topics[index]!.single.remove(at: place) : topics[index]!.several.remove(at: place)
        guard let topic = topics[index], topic.hasNoSubscribers else { return (false, moves) }
        for item in topic.waiting { throttle.finish(item, on: port, limit: backlogLimit) }
        indexOfTopic[topic.topic] = nil
        topics[index] = nil
        queue.removeAll { $0 == membership.fanOut }
        free.append(membership.fanOut)
        return (true, moves)
    }

    // MARK: Events

    /// Takes the events that the hub posted to the loop.
    mutating func collectItems() {
        port.mailbox.collectItems(into: &items)
        for item in items {
            guard let index = indexOfTopic[item.topic] else {
                // The last subscriber left before the loop took the event.
                throttle.finish(item, on: port, limit: backlogLimit)
                continue
            }
            if topics[Int(index)]!.waiting.isEmpty { queue.append(index) }
            topics[Int(index)]!.append(item)
        }
        items.removeAll(keepingCapacity: items.capacity <= 4096)
    }

    /// Writes to some subscribers of the next topic: at least to a few, and to more until the deadline. Afterwards the
    /// caller removes subscribers from the topics whose end they were sent.
    ///
    /// - Parameter deadline: nanoseconds of the monotonic clock.
    mutating func runSlice(
        _ subscribers: inout Subscribers, _ connections: borrowing Connections, until deadline: UInt64
    ) {
        guard let index = queue.popFirst().map(Int.init) else { return }
        batch.load(topics[index]!.offered.lazy.map { $0.frame })
        // The copy is only a reference to the list, which does not change within a slice.
        let slots = topics[index]!.single.slots
        var place = topics[index]!.single.next
        var delivered = 0
        repeat {
            let last = min(place + Self.writesPerLook, slots.count)
            while place < last {
                if subscribers[slots[place]].isLive {
                    delivered += subscribers.deliver(batch, to: slots[place], connections)
                }
                place += 1
            }
        } while place < slots.count && Clock.monotonicNanoseconds < deadline
        topics[index]!.single.next = place
        if place == slots.count { delivered += serveSeveral(of: index, &subscribers, connections, until: deadline) }
        batch.clear()
        port.status.delivered.add(delivered)
        for item in topics[index]!.settle() { throttle.finish(item, on: port, limit: backlogLimit) }
        if !topics[index]!.waiting.isEmpty { queue.append(Int32(index)) }
    }

    /// Writes to the subscribers of several topics.
    private mutating func serveSeveral(
        of index: Int, _ subscribers: inout Subscribers, _ connections: borrowing Connections, until deadline: UInt64
    ) -> Int {
        var delivered = 0
        while !topics[index]!.several.isRoundComplete {
            let list = topics[index]!.several
            let last = min(list.next + Self.writesPerLook, list.slots.count)
            for slot in list.slots[list.next..<last] where subscribers[slot].isLive {
                delivered += serveMerged(slot, &subscribers, connections)
            }
            topics[index]!.several.next = last
            if Clock.monotonicNanoseconds >= deadline { break }
        }
        return delivered
    }

    /// Writes the waiting events of all topics of one subscriber, in the order of the log. The loop takes the items of
    /// all topics from the mailbox together, so this cannot move the position beyond an event that is still to come.
    private mutating func serveMerged(
        _ slot: UInt32, _ subscribers: inout Subscribers, _ connections: borrowing Connections
    ) -> Int {
        let position = subscribers[slot].position
        var frames: [Frame] = []
        for membership in subscribers[slot].topics.memberships {
            for item in topics[Int(membership.fanOut)]!.waiting where item.frame.sequence > position {
                frames.append(item.frame)
                // Events after the end of a channel are for later subscribers only.
                if item.frame.endsTopic != nil { break }
            }
        }
        frames.sort { $0.sequence < $1.sequence }
        // An event of two of the topics waits twice.
        var merged: [Frame] = []
        for frame in frames where merged.last?.sequence != frame.sequence { merged.append(frame) }
        return subscribers.deliver(merged, to: slot, with: &batch, connections)
    }
}
