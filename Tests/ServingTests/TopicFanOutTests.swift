import Kernel
import SeededRandom
import Testing
import TimeLimits

@testable import Broadcasting
@testable import Serving

private func item(_ sequence: UInt64, ends: Bool = false, work: Int = 0, _ backlog: Backlog = Backlog()) -> MailboxItem
{
    let id = TopicID(index: 0)
    let frame = Frame(
        sequence: sequence, time: 0, endsTopic: ends ? id : nil, wire: [UInt8(sequence & 127)])
    return MailboxItem(frame: frame, topic: id, work: work, backlog: backlog)
}

/// An topic as a loop walks it, and beside it who has met which item.
private struct Model {
    struct Waiting {
        let sequence: UInt64
        /// Those who were there when it was first offered, have not left and have not been met since.
        var owed: Set<UInt32>
        /// Those who came later and have not been met yet.
        var late: Set<UInt32> = []
        /// How often each subscriber has been met since, but for the last step.
        var met: [UInt32: Int] = [:]
    }

    var topic = TopicFanOut(topic: TopicID(index: 0))
    var generator: SplitMix
    let comment: String
    /// In which list each subscriber is, and where.
    private(set) var places: [UInt32: (isSingle: Bool, place: Int)] = [:]
    private var offered: [Waiting] = []
    private var settled: UInt64 = 0
    private var received: UInt64 = 0
    private var nextSlot: UInt32 = 0
    private var hasRemoved = false

    init(seed: UInt64) {
        generator = SplitMix(state: seed)
        comment = "seed \(seed)"
    }

    mutating func arrive() {
        let isSingle = Bool.random(using: &generator)
        let place = isSingle ? topic.single.append(nextSlot) : topic.several.append(nextSlot)
        places[nextSlot] = (isSingle, place)
        for index in offered.indices { offered[index].late.insert(nextSlot) }
        nextSlot += 1
    }

    mutating func leave() {
        guard places.count > 1, let slot = places.keys.sorted().randomElement(using: &generator),
            let (isSingle, place) = places.removeValue(forKey: slot)
        else { return }
        let moves = isSingle ? topic.single.remove(at: place) : topic.several.remove(at: place)
        for case .some(let move) in [moves.0, moves.1] { places[move.slot] = (isSingle, move.place) }
        for index in offered.indices { offered[index].owed.remove(slot) }
        for index in offered.indices { offered[index].late.remove(slot) }
        hasRemoved = true
    }

    mutating func receive() {
        received += 1
        topic.append(item(received, ends: Int.random(in: 0..<20, using: &generator) == 0))
        noteOffers()
    }

    /// Those of a few subscribers are met, the ones of this topic only first; then what is done is let go.
    mutating func step() {
        let before = offered
        for _ in 0..<Int.random(in: 1...8, using: &generator) where !topic.single.isRoundComplete {
            meet(topic.single.slots[topic.single.next])
            topic.single.next += 1
        }
        if topic.single.isRoundComplete {
            for _ in 0..<Int.random(in: 1...8, using: &generator) where !topic.several.isRoundComplete {
                meet(topic.several.slots[topic.several.next])
                topic.several.next += 1
            }
        }
        for item in topic.settle() {
            settled += 1
            #expect(item.frame.sequence == settled, "\(comment): items are settled in order")
            let waiting = offered.removeFirst()
            #expect(waiting.owed.isEmpty, "\(comment): \(settled) was settled before all had met it")
            // Who leaves may make others be met once more, and nothing worse.
            let most = before.first { $0.sequence == settled }?.met.values.max() ?? 0
            #expect(most <= 2, "\(comment): \(settled) was carried around for \(most) rounds")
        }
        if !hasRemoved {
            let isAllWaiting = offered.allSatisfy { !$0.owed.isEmpty || !$0.late.isEmpty }
            #expect(isAllWaiting, "\(comment): everyone has met a item, and it is not settled")
        }
        noteOffers()
    }

    private mutating func meet(_ slot: UInt32) {
        for index in offered.indices {
            offered[index].owed.remove(slot)
            offered[index].late.remove(slot)
            offered[index].met[slot, default: 0] += 1
        }
    }

    private mutating func noteOffers() {
        let sequences = topic.offered.map(\.frame.sequence) as [UInt64]
        let expected = sequences.indices.map { settled + 1 + UInt64($0) }
        #expect(sequences == expected, "\(comment)")
        #expect(sequences.count <= WriteBatch.capacity)
        #expect(topic.offered.dropLast().allSatisfy { $0.frame.endsTopic == nil }, "\(comment): offered beyond an end")
        for sequence in sequences.dropFirst(offered.count) {
            offered.append(Waiting(sequence: sequence, owed: Set(places.keys)))
        }
    }

    mutating func finish() {
        for _ in 0..<10_000 where !topic.waiting.isEmpty { step() }
        #expect(topic.waiting.isEmpty && settled == received, "\(comment): a item was never settled")
    }
}

@Suite(.endsInTime()) struct `The fan-out of a topic` {
    @Test(arguments: [false, true])
    func `settles each item when all who were there have met it, and not before`(_ someLeave: Bool) {
        for seed in 0..<300 {
            var model = Model(seed: UInt64(seed))
            for _ in 0..<Int.random(in: 1...40, using: &model.generator) { model.arrive() }
            for _ in 0..<400 {
                switch Int.random(in: 0..<8, using: &model.generator) {
                case 0...2: model.receive()
                case 3: if model.places.count < 60 { model.arrive() }
                case 4: if someLeave { model.leave() }
                default: model.step()
                }
            }
            model.finish()
        }
    }

    @Test func `waits for nobody in the place of those who left`() {
        var topic = TopicFanOut(topic: TopicID(index: 0))
        for slot: UInt32 in 0..<4 { _ = topic.single.append(slot) }
        for slot: UInt32 in 4..<6 { _ = topic.several.append(slot) }
        topic.single.next = 3
        topic.append(item(1))
        (topic.single.next, topic.several.next) = (4, 2)
        #expect(topic.settle().isEmpty)
        _ = topic.single.remove(at: 1)
        _ = topic.single.remove(at: 1)
        topic.single.next = 2
        #expect(topic.settle().map(\.frame.sequence) == [1])
    }

    @Test func `offers as much as one write holds, and the rest when that is settled`() {
        var topic = TopicFanOut(topic: TopicID(index: 0))
        _ = topic.single.append(0)
        let count = 2 * WriteBatch.capacity + 5
        for sequence in 1...count { topic.append(item(UInt64(sequence))) }
        var settled: [UInt64] = []
        for expected in [WriteBatch.capacity, WriteBatch.capacity, 5] {
            #expect(topic.offered.count == expected)
            topic.single.next = 1
            settled += topic.settle().map(\.frame.sequence)
        }
        #expect(settled == Array(1...UInt64(count)) && topic.waiting.isEmpty)
        #expect(topic.settle().isEmpty)
    }

    @Test func `offers nothing beyond the end of its channel until all have met that`() {
        var topic = TopicFanOut(topic: TopicID(index: 0))
        for slot: UInt32 in 0..<2 { _ = topic.single.append(slot) }
        topic.append(item(1))
        topic.single.next = 1
        for sequence: UInt64 in 2...4 { topic.append(item(sequence, ends: sequence == 2)) }
        #expect(topic.offered.map(\.frame.sequence) == [1, 2])
        topic.single.next = 2
        #expect(topic.settle().map(\.frame.sequence) == [1])
        #expect(topic.offered.map(\.frame.sequence) == [2], "the first has not met the end")
        topic.single.next = 1
        #expect(topic.settle().map(\.frame.sequence) == [2])
        #expect(topic.offered.map(\.frame.sequence) == [3, 4])
        topic.single.next = 2
        #expect(topic.settle().isEmpty, "what was not offered when the first was met is not settled")
        topic.single.next = 1
        #expect(topic.settle().map(\.frame.sequence) == [3, 4])
    }
}

@Suite(.endsInTime()) struct `The limit of the log` {
    @Test func `lets ten lines through in ten seconds and says how many it kept out`() {
        var limiter = LogLimiter()
        for now: UInt64 in 5000..<5010 { #expect(limiter.admit(now: now) == 0) }
        for _ in 0..<90 { #expect(limiter.admit(now: 14_999) == nil) }
        #expect(limiter.admit(now: 15_000) == 90)
        for _ in 0..<9 { #expect(limiter.admit(now: 15_001) == 0) }
        #expect(limiter.admit(now: 24_999) == nil)
        #expect(limiter.admit(now: 99_999) == 1)
    }
}

@Suite(.endsInTime()) struct `The throttle` {
    @Test func `is relieved once when the backlog of a channel comes down to its limit`() throws {
        let port = try LoopPort()
        let throttle = PublisherThrottle([port])
        let backlog = Backlog()
        let items = (1...5).map { item($0, work: 10, backlog) }
        port.mailbox.post(items)
        #expect(
            throttle.mustWait([backlog], limit: 49) && !throttle.mustWait([backlog], limit: 50)
                && !throttle.mustWait([], limit: 49))
        var reliefs: [Int] = []
        for item in items {
            throttle.finish(item, on: port, limit: 30)
            reliefs.append(throttle.relief)
        }
        #expect(reliefs == [0, 1, 1, 1, 1])
        #expect(backlog.current == 0 && port.mailbox.backlog.current == 0)
    }

    @Test func `of a loop is relieved once too, and when both come down at a time it counts once`() throws {
        let port = try LoopPort()
        let throttle = PublisherThrottle([port])
        // Nine channels, none of which has too much, but the loop has more than eight may have.
        let items = (1...9).map { item($0, work: 10) }
        port.mailbox.post(items)
        #expect(throttle.mustWait([], limit: 10) && !throttle.mustWait([], limit: 12))
        for item in items { throttle.finish(item, on: port, limit: 10) }
        #expect(throttle.relief == 1)
        let large = item(10, work: 81)
        port.mailbox.post([large])
        throttle.finish(large, on: port, limit: 10)
        #expect(throttle.relief == 2)
    }

    @Test func `wakes a loop whose publishers wait, once`() throws {
        let (port, other) = (try LoopPort(), try LoopPort())
        let throttle = PublisherThrottle([port, other])
        func relieve() {
            let item = item(1, work: 100)
            port.mailbox.post([item])
            throttle.finish(item, on: port, limit: 10)
        }
        #expect(other.mailbox.prepareToSleep())
        relieve()
        #expect(!other.wakeup.wasRung, "nobody waits there")
        throttle.announceWaiting(on: 1)
        relieve()
        #expect(other.wakeup.wasRung)
        #expect(other.mailbox.prepareToSleep())
        relieve()
        #expect(!other.wakeup.wasRung)
    }
}

extension SharedWakeup {
    /// Whether it has been rung since the last look.
    fileprivate var wasRung: Bool {
        var buffer = [UInt8](repeating: 0, count: 8)
        return wakeup.descriptor.read(into: &buffer) == .bytes(8)
    }
}
