import Broadcasting
import DequeModule
import Kernel
import Metrics

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

    /// Adds a subscriber with a form to its topics.
    ///
    /// - Parameter subjects: the channel or pattern of each topic.
    mutating func add(
        _ slot: UInt32, _ form: StreamForm, _ cursors: [TopicCursor], _ subjects: [TopicSubject]
    ) -> SubscriberTopics {
        let list = cursors.count == 1 ? TopicFanOut.List.form(form) : .several
        return SubscriberTopics(
            zip(cursors, subjects).map { cursor, subject in
                let index = index(of: cursor.topic, subject)
                let place = topics[Int(index)]!.append(slot, to: list)
                return TopicMembership(fanOut: index, place: UInt32(place), cursor: cursor)
            })
    }

    private mutating func index(of topic: TopicID, _ subject: TopicSubject) -> Int32 {
        if let known = indexOfTopic[topic] { return known }
        let index = free.popLast() ?? Int32(topics.count)
        if Int(index) == topics.count { topics.append(nil) }
        topics[Int(index)] = TopicFanOut(topic: topic, subject: subject)
        indexOfTopic[topic] = index
        return index
    }

    /// Removes a subscriber from one topic.
    ///
    /// - Parameter list: the list that has it. A subscriber that has left its other topics stays among those of several
    ///   topics.
    /// - Returns: whether the loop has no other subscriber of the topic, and the subscribers whose places changed.
    mutating func remove(
        _ membership: TopicMembership, from list: TopicFanOut.List
    ) -> (isLast: Bool, moves: (RoundRobin.Move?, RoundRobin.Move?)) {
        let index = Int(membership.fanOut)
        let moves = topics[index]!.remove(at: Int(membership.place), of: list)
        guard let topic = topics[index], topic.hasNoSubscribers else { return (false, moves) }
        Self.finish(topic.waiting[...], isCounted: topic.isCounted, throttle, port, limit: backlogLimit)
        indexOfTopic[topic.topic] = nil
        topics[index] = nil
        queue.removeAll { $0 == membership.fanOut }
        free.append(membership.fanOut)
        return (true, moves)
    }

    /// Whether fan-out has written every event of some topics up to a number, as far as the loop has taken it from its mailbox,
    /// to every subscriber.
    func hasWritten(through sequence: UInt64, to subscription: SubscriberTopics) -> Bool {
        subscription.memberships.allSatisfy { membership in
            topics[Int(membership.fanOut)]!.waiting.first.map { $0.frame.sequence > sequence } ?? true
        }
    }

    // MARK: Events

    /// Takes the events that the hub posted to the loop.
    mutating func collectItems() {
        port.mailbox.collectItems(into: &items)
        // Taken from the end, an item moves and is not copied.
        items.reverse()
        while let item = items.popLast() {
            guard let index = indexOfTopic[item.topic] else {
                // The last subscriber left before the loop took the event.
                Self.finish([item], isCounted: false, throttle, port, limit: backlogLimit)
                continue
            }
            if topics[Int(index)]!.waiting.isEmpty { queue.append(index) }
            topics[Int(index)]!.append(item)
        }
        if items.capacity > 4096 { items = [] }
    }

    /// Writes to some subscribers of the next topic: at least to a few, and to more until the deadline. Afterwards the
    /// caller removes subscribers from the topics whose end they were sent.
    ///
    /// - Parameter deadline: nanoseconds of the monotonic clock.
    mutating func runSlice(
        _ subscribers: inout Subscribers, _ connections: borrowing Connections, until deadline: UInt64
    ) {
        guard let index = queue.popFirst().map(Int.init) else { return }
        var isRoundComplete: Bool
        repeat {
            // The copy is only a reference to the list, which does not change within a slice.
            let (list, slots, next) = topics[index]!.scan
            let place =
                switch list {
                case .form(let form):
                    serve(slots, from: next, form, of: index, &subscribers, connections, until: deadline)
                case .several: serveSeveral(slots, from: next, &subscribers, connections, until: deadline)
                }
            isRoundComplete = topics[index]!.advance(to: place)
        } while !isRoundComplete && Clock.monotonicNanoseconds < deadline
        let isCounted = topics[index]!.isCounted
        topics[index]!.settle { [throttle, port, backlogLimit] items in
            Self.finish(items, isCounted: isCounted, throttle, port, limit: backlogLimit)
        }
        if !topics[index]!.waiting.isEmpty { queue.append(Int32(index)) }
    }

    /// Writes to the subscribers of one topic alone whose streams have the same form.
    ///
    /// - Returns: the place of the first subscriber that it has not visited.
    @inline(__always)
    private mutating func serve(
        _ slots: ContiguousArray<UInt32>, from next: Int, _ form: StreamForm, of index: Int,
        _ subscribers: inout Subscribers, _ connections: borrowing Connections, until deadline: UInt64
    ) -> Int {
        let subject = topics[index]!.subject
        if form.isEnveloped {
            batch.load(topics[index]!.offered.lazy.map { $0.frame.envelope(covers: subject.covers) }, form.framing)
        } else {
            batch.load(topics[index]!.offered.lazy.map { $0.frame }, form.framing)
        }
        defer { batch.clear() }
        var place = next
        // How many subscribers have got the whole batch.
        var served = 0
        let whole = batch.count
        repeat {
            let first = place
            let last = min(place + Self.writesPerLook, slots.count)
            while place < last {
                if subscribers[slots[place]].isLive {
                    let count = subscribers.deliver(batch, to: slots[place], connections)
                    if count == whole {
                        served += 1
                    } else {
                        subscribers.count(count, of: batch, to: slots[place])
                    }
                }
                place += 1
            }
            subscribers.record(batch, slots[first..<last])
        } while place < slots.count && Clock.monotonicNanoseconds < deadline
        if topics[index]!.isCounted {
            port.status.delivered.add(served * whole)
            port.status.writes.add(served)
            port.status.deliveredBytes.add(served * batch.size(of: 0..<whole))
        }
        return place
    }

    /// Writes to the subscribers of several topics.
    ///
    /// - Returns: the place of the first subscriber that it has not visited.
    private mutating func serveSeveral(
        _ slots: ContiguousArray<UInt32>, from next: Int, _ subscribers: inout Subscribers,
        _ connections: borrowing Connections, until deadline: UInt64
    ) -> Int {
        var place = next
        repeat {
            let last = min(place + Self.writesPerLook, slots.count)
            for slot in slots[place..<last] where subscribers[slot].isLive {
                serveMerged(slot, &subscribers, connections)
            }
            place = last
        } while place < slots.count && Clock.monotonicNanoseconds < deadline
        return place
    }

    /// Writes the waiting events of all topics of one subscriber, in the order of the log. The loop takes the items of
    /// all topics from the mailbox together, so this cannot move the position beyond an event that is still to come.
    private mutating func serveMerged(
        _ slot: UInt32, _ subscribers: inout Subscribers, _ connections: borrowing Connections
    ) {
        let position = subscribers[slot].position
        var frames: [Frame] = []
        for membership in subscribers[slot].topics.memberships {
            for item in topics[Int(membership.fanOut)]!.waiting where item.frame.sequence > position {
                frames.append(item.frame)
            }
        }
        frames.sort { $0.sequence < $1.sequence }
        // An event of two of the topics waits twice.
        var merged: [Frame] = []
        for frame in frames where merged.last?.sequence != frame.sequence { merged.append(frame) }
        if subscribers[slot].form.isEnveloped { merged = envelopes(of: merged, for: subscribers[slot].topics) }
        _ = subscribers.deliver(merged, to: slot, with: &batch, connections)
    }

    /// The envelopes of events for a subscriber of these topics.
    func envelopes(of frames: [Frame], for subscription: SubscriberTopics) -> [Frame] {
        let subjects = subscription.memberships.map { topics[Int($0.fanOut)]!.subject }
        return frames.map { frame in
            frame.envelope { name in subjects.contains { $0.covers(name) } }
        }
    }

    /// Frees the room that the items of a topic have in the backlogs, and the envelopes of their events.
    private static func finish(
        _ items: ContiguousArray<MailboxItem>.SubSequence, isCounted: Bool, _ throttle: PublisherThrottle,
        _ port: LoopPort,
        limit: Int
    ) {
        let now = Clock.monotonicNanoseconds
        for index in items.indices {
            items[index].frame.releaseEnvelopes()
            guard isCounted else { continue }
            port.status.deliveryTimes.observe(now - min(now, items[index].posted))
        }
        throttle.finish(items, on: port, limit: limit)
    }
}
