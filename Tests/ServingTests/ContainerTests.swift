import SeededRandom
import Testing
import TimeLimits

@testable import Serving

/// Counts how many of it live.
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
    @Test func `finds a row by its token until it is removed, and never a stranger`() {
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

    @Test func `finds nothing by a token that was never given`() {
        let table = SlotTable<Row>()
        #expect(table.slot(of: .init(rawValue: 0)) == nil)
        #expect(table.slot(of: .init(slot: 5, generation: 1)) == nil)
        #expect(table.slot(of: .init(slot: .max, generation: .max)) == nil)
    }

    @Test func `uses the lowest free slot again`() {
        let census = Census()
        var table = SlotTable<Row>()
        for number in 0..<1000 { #expect(table.insert(Row(census, number)).slot == UInt32(number)) }
        for slot: UInt32 in [700, 3, 256] { table.remove(slot) }
        #expect((0..<3).map { _ in table.insert(Row(census, 0)).slot } == [3, 256, 700])
        #expect(table.count == 1000 && census.alive == 1000)
    }

    @Test func `ends its rows when it goes`() {
        let census = Census()
        do {
            var table = SlotTable<Row>()
            for number in 0..<600 { _ = table.insert(Row(census, number)) }
            #expect(census.alive == 600)
        }
        #expect(census.alive == 0)
    }

    @Test func `agrees with a dictionary over a long random life`() {
        let census = Census()
        var table = SlotTable<Row>()
        var model: [SlotTable<Row>.Token: Int] = [:]
        var gone: [SlotTable<Row>.Token] = []
        var generator = SplitMix(state: 11)
        for step in 0..<20_000 {
            // Growing for the first half, shrinking for the second.
            if Int.random(in: 0..<10, using: &generator) < (step < 10_000 ? 6 : 4) {
                model[table.insert(Row(census, step))] = step
            } else if let token = model.randomElement(using: &generator)?.key {
                table.remove(table.slot(of: token)!)
                model[token] = nil
                gone.append(token)
            }
        }
        #expect(table.count == model.count && census.alive == model.count)
        #expect(Set(table.slots) == Set(model.keys.map(\.slot)))
        for (token, value) in model { #expect(table.slot(of: token).map { table[$0].value } == value) }
        for token in gone { #expect(table.slot(of: token) == nil) }
    }
}

@Suite(.endsInTime()) struct `The timer wheel` {
    @Test func `wakes at the deadline and not before`() {
        var wheel = TimerWheel(start: 1000)
        #expect(wheel.tick(at: 1000) == 0 && wheel.tick(at: 1250) == 2)
        #expect(wheel.enter(7, at: 5) == 5)
        var due: [(tick: UInt32, token: UInt64)] = []
        wheel.advance(to: 4, &due)
        #expect(due.isEmpty)
        wheel.advance(to: 5, &due)
        #expect(due.map(\.token) == [7])
        wheel.advance(to: 2000, &due)
        #expect(due.count == 1)
    }

    @Test func `wakes early for what lies beyond it, to be entered again`() {
        var wheel = TimerWheel(start: 0)
        #expect(wheel.enter(7, at: 100_000) == 511)
    }

    @Test func `wakes in the next tick for what is past`() {
        var wheel = TimerWheel(start: 0)
        var due: [(tick: UInt32, token: UInt64)] = []
        wheel.advance(to: 100, &due)
        #expect(wheel.enter(7, at: 3) == 101)
    }

    @Test func `has ticks that last at least as long as asked`() {
        #expect(TimerWheel.ticks(0) == 1)
        #expect(TimerWheel.ticks(100) == 1)
        #expect(TimerWheel.ticks(101) == 2)
    }
}

@Suite(.endsInTime()) struct `A walk` {
    @Test func `meets each slot that stays exactly once, whoever comes and goes meanwhile`() {
        for seed in 0..<300 {
            var generator = SplitMix(state: UInt64(seed))
            var walk = Walk()
            var places: [UInt32: Int] = [:]
            var met: [UInt32: Int] = [:]
            var removed: Set<UInt32> = []
            var next: UInt32 = 0
            func add(_ walk: inout Walk) {
                places[next] = walk.append(next)
                next += 1
            }
            for _ in 0..<20 { add(&walk) }
            while !walk.isDone {
                let slot = walk.slots[walk.next]
                met[slot, default: 0] += 1
                walk.next += 1
                switch Int.random(in: 0..<4, using: &generator) {
                case 0 where next < 60: add(&walk)
                case 1:
                    guard let victim = walk.slots.randomElement(using: &generator), let place = places[victim] else {
                        break
                    }
                    #expect(walk.slots[place] == victim)
                    let moves = walk.remove(at: place)
                    for case .some(let move) in [moves.0, moves.1] { places[move.slot] = move.place }
                    places[victim] = nil
                    removed.insert(victim)
                default: break
                }
            }
            for slot in 0..<next where !removed.contains(slot) { #expect(met[slot] == 1, "seed \(seed), slot \(slot)") }
            #expect(met.values.allSatisfy { $0 == 1 })
        }
    }
}
