import SeededRandom
import Testing
import TimeLimits

@testable import Broadcasting
@testable import Serving

/// A topic that a loop scans, and a record of the items that each subscriber was offered.
private struct Model {
    struct Waiting {
        let sequence: UInt64
        /// Subscribers that were there at the first offer, have not left and have not been visited since.
        var owed: Set<UInt32>
        /// Subscribers that came after the first offer and have not been visited yet.
        var late: Set<UInt32> = []
        /// How often the scan has visited each subscriber since the first offer.
        var visits: [UInt32: Int] = [:]
    }

    var topic = emptyFanOut()
    var generator: SplitMix
    let comment: String
    /// The list and the place of each subscriber.
    private(set) var places: [UInt32: (list: TopicFanOut.List, place: Int)] = [:]
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
        let lists: [TopicFanOut.List] = [.several] + StreamForm.allCases.map { .form($0) }
        let list = lists.randomElement(using: &generator)!
        places[nextSlot] = (list, topic.append(nextSlot, to: list))
        for index in offered.indices { offered[index].late.insert(nextSlot) }
        nextSlot += 1
    }

    mutating func leave() {
        guard places.count > 1, let slot = places.keys.sorted().randomElement(using: &generator),
            let (list, place) = places.removeValue(forKey: slot)
        else { return }
        let moves = topic.remove(at: place, of: list)
        for case .some(let move) in [moves.0, moves.1] { places[move.slot] = (list, move.place) }
        for index in offered.indices { offered[index].owed.remove(slot) }
        for index in offered.indices { offered[index].late.remove(slot) }
        hasRemoved = true
    }

    mutating func receive() {
        received += 1
        topic.append(item(received, ends: Int.random(in: 0..<20, using: &generator) == 0))
        noteOffers()
    }

    /// Visits a few subscribers, and then settles the finished items.
    mutating func step() {
        let before = offered
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let (list, slots, next) = topic.scan
            let last = min(next + Int.random(in: 1...8, using: &generator), slots.count)
            for slot in slots[next..<last] {
                #expect(places[slot]?.list == list)
                visit(slot)
            }
            if topic.advance(to: last) { break }
        }
        for item in topic.settle() {
            settled += 1
            #expect(item.frame.sequence == settled, "\(comment): items are settled in order")
            let waiting = offered.removeFirst()
            #expect(waiting.owed.isEmpty, "\(comment): \(settled) was settled before every subscriber was offered it")
            // When a subscriber leaves, the scan may have visited another one twice before this step, but not more often.
            let most = before.first { $0.sequence == settled }?.visits.values.max() ?? 0
            #expect(most <= 2, "\(comment): \(settled) waited for \(most) rounds")
        }
        if !hasRemoved {
            let isEachUnfinished = offered.allSatisfy { !$0.owed.isEmpty || !$0.late.isEmpty }
            #expect(isEachUnfinished, "\(comment): every subscriber was offered an item, and it is not settled")
        }
        noteOffers()
    }

    private mutating func visit(_ slot: UInt32) {
        for index in offered.indices {
            offered[index].owed.remove(slot)
            offered[index].late.remove(slot)
            offered[index].visits[slot, default: 0] += 1
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
        #expect(topic.waiting.isEmpty && settled == received, "\(comment): an item was never settled")
    }
}

@Suite(.endsInTime()) struct `The fan-out of a topic` {
    @Test(arguments: [false, true])
    func `settles each item once every subscriber was offered it, and not before`(_ someLeave: Bool) {
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

    @Test func `settles an item although subscribers left and the lists became shorter`() {
        var topic = emptyFanOut()
        for slot: UInt32 in 0..<4 { _ = topic.append(slot, to: .form(.chunked)) }
        for slot: UInt32 in 4..<6 { _ = topic.append(slot, to: .several) }
        _ = topic.advance(to: 3)
        topic.append(item(1))
        let isComplete = [topic.advance(to: 4), topic.advance(to: 2)]
        #expect(isComplete == [false, true])
        #expect(topic.settle().isEmpty)
        for _ in 0..<2 { _ = topic.remove(at: 1, of: .form(.chunked)) }
        _ = topic.advance(to: 2)
        #expect(topic.settle().map(\.frame.sequence) == [1])
    }

    @Test func `offers as many items as one write holds, and the rest once these are settled`() {
        var topic = emptyFanOut()
        _ = topic.append(0, to: .form(.chunked))
        let count = 2 * WriteBatch.capacity + 5
        for sequence in 1...count { topic.append(item(UInt64(sequence))) }
        var settled: [UInt64] = []
        for expected in [WriteBatch.capacity, WriteBatch.capacity, 5] {
            #expect(topic.offered.count == expected)
            _ = topic.advance(to: 1)
            settled += topic.settle().map(\.frame.sequence)
        }
        #expect(settled == Array(1...UInt64(count)) && topic.waiting.isEmpty)
        #expect(topic.settle().isEmpty)
    }

    // The last subscriber of a channel left before its loop took the end, and the topic, or its number, is used again.
    @Test func `offers nothing beyond an end until every subscriber was offered the end`() {
        var topic = emptyFanOut()
        for slot: UInt32 in 0..<2 { _ = topic.append(slot, to: .form(.chunked)) }
        topic.append(item(1))
        _ = topic.advance(to: 1)
        for sequence: UInt64 in 2...4 { topic.append(item(sequence, ends: sequence == 2)) }
        #expect(topic.offered.map(\.frame.sequence) == [1, 2])
        _ = topic.advance(to: 2)
        #expect(topic.settle().map(\.frame.sequence) == [1])
        #expect(topic.offered.map(\.frame.sequence) == [2], "the first subscriber was not offered the end")
        _ = topic.advance(to: 1)
        #expect(topic.settle().map(\.frame.sequence) == [2])
        #expect(topic.offered.map(\.frame.sequence) == [3, 4])
        _ = topic.advance(to: 2)
        #expect(topic.settle().isEmpty, "an item that the first subscriber was not offered is not settled")
        _ = topic.advance(to: 1)
        #expect(topic.settle().map(\.frame.sequence) == [3, 4])
    }
}

private func emptyFanOut() -> TopicFanOut {
    TopicFanOut(topic: TopicID(index: 0), subject: .pattern(try! ChannelPattern("**")))
}

extension TopicFanOut {
    /// Settles, and returns the settled items.
    fileprivate mutating func settle() -> [MailboxItem] {
        var settled: [MailboxItem] = []
        settle { settled += $0 }
        return settled
    }
}
