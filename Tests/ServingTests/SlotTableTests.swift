import SeededRandom
import Testing
import TimeLimits

@testable import Serving

/// Counts the rows that are alive.
private final class Census {
    var alive = 0
}

private struct Row: ~Copyable {
    let census: Census
    var value: Int

    init(_ census: Census, _ value: Int) {
        self.census = census
        self.value = value
        census.alive += 1
    }

    deinit { census.alive -= 1 }
}

@Suite(.endsInTime()) struct `The slot table` {
    @Test func `finds a row by its token until it is removed, and never another row`() {
        let census = Census()
        var table = SlotTable<Row>()
        let first = table.insert(Row(census, 1))
        #expect(table.slot(of: first) == 0)
        table[0].value = 7
        #expect(table[0].value == 7)
        table.remove(0)
        #expect(table.slot(of: first) == nil && census.alive == 0)
        let second = table.insert(Row(census, 2))
        #expect(second.slot == first.slot && second != first)
        #expect(table.slot(of: first) == nil)
        #expect(table.slot(of: second) == 0)
    }

    @Test func `finds nothing by a token that it never gave`() {
        let table = SlotTable<Row>()
        #expect(table.slot(of: .init(rawValue: 0)) == nil)
        #expect(table.slot(of: .init(slot: 5, generation: 1)) == nil)
        #expect(table.slot(of: .init(slot: .max, generation: .max)) == nil)
    }

    @Test func `reuses the lowest free slot`() {
        let census = Census()
        var table = SlotTable<Row>()
        for number in 0..<1000 { #expect(table.insert(Row(census, number)).slot == UInt32(number)) }
        for slot: UInt32 in [700, 3, 256] { table.remove(slot) }
        #expect((0..<3).map { _ in table.insert(Row(census, 0)).slot } == [3, 256, 700])
        #expect(table.count == 1000 && census.alive == 1000)
    }

    @Test func `deinitialises its rows with itself`() {
        let census = Census()
        do {
            var table = SlotTable<Row>()
            for number in 0..<600 { _ = table.insert(Row(census, number)) }
            #expect(census.alive == 600)
        }
        #expect(census.alive == 0)
    }

    @Test func `agrees with a dictionary after many random changes`() {
        let census = Census()
        var table = SlotTable<Row>()
        var model: [SlotTable<Row>.Token: Int] = [:]
        var removed: [SlotTable<Row>.Token] = []
        var generator = SplitMix(state: 11)
        for step in 0..<20_000 {
            // Growing for the first half, shrinking for the second.
            if Int.random(in: 0..<10, using: &generator) < (step < 10_000 ? 6 : 4) {
                model[table.insert(Row(census, step))] = step
            } else if let token = model.randomElement(using: &generator)?.key {
                table.remove(table.slot(of: token)!)
                model[token] = nil
                removed.append(token)
            }
        }
        #expect(table.count == model.count && census.alive == model.count)
        #expect(Set(table.slots) == Set(model.keys.map(\.slot)))
        for (token, value) in model { #expect(table.slot(of: token).map { table[$0].value } == value) }
        for token in removed { #expect(table.slot(of: token) == nil) }
    }
}
