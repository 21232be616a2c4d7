import SeededRandom
import Testing

@testable import Broadcasting

@Suite("The index of events") struct EventIndexTests {
    @Test func `finds events by number, however many the log has evicted`() throws {
        var generator = SplitMix(state: 11)
        var index = EventIndex()
        var model: [LogIndexEntry] = []
        var sequence: UInt64 = 0
        for _ in 0..<20_000 {
            switch Int.random(in: 0..<100, using: &generator) {
            case ..<80:
                sequence += UInt64.random(in: 0...2, using: &generator)
                let entry = LogIndexEntry(topic: Int.random(in: 0..<9, using: &generator), sequence: sequence)
                index.append(entry)
                model.append(entry)
            case ..<98:
                #expect(index.popFirst() == model.first)
                if !model.isEmpty { model.removeFirst() }
            default:
                let before = index.count
                // A block at a time: what it removes is some of what it may remove.
                index.compact { $0.topic != 3 }
                var rest = Array(index)[...]
                model = model.filter { entry in
                    guard rest.first != entry else {
                        rest.removeFirst()
                        return true
                    }
                    #expect(entry.topic == 3)
                    return false
                }
                #expect(rest.isEmpty && before - index.count <= EventIndex.blockLimit)
            }
            guard sequence % 97 == 0 else { continue }
            let after = UInt64.random(in: 0...(sequence + 1), using: &generator)
            #expect(index[index.position(after: after)...].elementsEqual(model.drop { $0.sequence <= after }))
        }
        #expect(index.count == model.count && Array(index.reversed()) == model.reversed())
    }

    @Test func `loses every evicted event once each block was looked at`() {
        var index = EventIndex()
        for sequence in 1...10_000 { index.append(LogIndexEntry(topic: 0, sequence: UInt64(sequence))) }
        for _ in 0..<10 { index.compact { $0.sequence % 100 == 0 } }
        #expect(index.map(\.sequence) == (1...100).map { UInt64($0) * 100 })
        index.compact { _ in false }
        #expect(index.isEmpty && index.last == nil && index.popFirst() == nil)
    }
}
