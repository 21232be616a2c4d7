import Testing

@testable import Broadcasting

@Suite struct `The epochs of a log` {
    private func epochs(_ beginnings: (String, UInt64)...) -> Epochs {
        let all = beginnings.map { Epochs.Beginning(Epoch(description: $0.0), first: $0.1) }
        return Epochs(all[all.count - 1], past: all.dropLast())
    }

    @Test(
        arguments: [
            ("a-0", 0), ("a-1", 1), ("a-4", 4), ("a-5", nil), ("a-7", nil), ("b-4", nil), ("b-5", 5), ("b-7", 7),
            ("b-8", nil), ("c-7", nil), ("c-8", 8), ("c-9", 9), ("c-10", nil), ("d-1", nil), ("b-0", nil),
        ] as [(String, UInt64?)])
    func `contain a position only from the beginning of its epoch to the beginning of the next`(
        text: String, sequence: UInt64?
    ) throws {
        let epochs = epochs(("a", 1), ("b", 5), ("c", 8))
        #expect(epochs.sequence(of: try #require(EventPosition(text)), head: 9) == sequence)
    }

    @Test func `give each event the epoch in which it got its number`() {
        let epochs = epochs(("a", 1), ("b", 5), ("c", 8))
        #expect((0...9).map { epochs.epoch(of: $0).description }.joined() == "aaaaabbbcc")
    }

    @Test func `forget an epoch without events, and the oldest beyond a limit`() {
        #expect(epochs(("a", 1), ("b", 5), ("c", 5)).all.map(\.epoch.description) == ["a", "c"])
        let many = (1...3000).map { Epochs.Beginning(Epoch(description: "e\($0)"), first: $0) }
        let epochs = Epochs(many[2999], past: many.dropLast())
        #expect(epochs.all.count == Epochs.limit && epochs.all.first?.first == 3001 - UInt64(Epochs.limit))
        #expect(epochs.sequence(of: EventPosition(epoch: many[5].epoch, sequence: 6), head: 3000) == nil)
    }
}
