import Testing
import TimeLimits

@testable import Serving

@Suite(.endsInTime()) struct `The timer wheel` {
    /// A wheel with one row.
    private struct Row {
        var wheel = TimerWheel()
        var deadline = Deadline()

        mutating func schedule(at tick: UInt32) { wheel.schedule(&deadline, 7, at: tick) }

        /// The ticks in which the row is due, up to a tick.
        mutating func due(through last: UInt32) -> [UInt32] {
            var found: [UInt32] = []
            while wheel.now < last {
                var woken: [(tick: UInt32, token: UInt64)] = []
                wheel.advance(to: wheel.now + 1, into: &woken)
                for (tick, token) in woken where wheel.isDue(&deadline, token, woken: tick) { found.append(wheel.now) }
            }
            return found
        }
    }

    @Test func `wakes a row at its deadline, once`() {
        var row = Row()
        row.schedule(at: 5)
        #expect(row.due(through: 2000) == [5])
    }

    @Test func `wakes a row at the later deadline after its deadline moved back`() {
        var row = Row()
        row.schedule(at: 5)
        row.deadline.tick = 9
        #expect(row.due(through: 100) == [9])
        row.schedule(at: 110)
        row.schedule(at: 120)
        #expect(row.due(through: 200) == [120])
    }

    @Test func `wakes a row at the earlier deadline after its deadline moved forward, and not again at the later`() {
        var row = Row()
        row.schedule(at: 50)
        row.schedule(at: 10)
        #expect(row.due(through: 200) == [10])
    }

    @Test func `keeps a deadline that lies beyond its last bucket`() {
        var row = Row()
        row.schedule(at: 100_000)
        #expect(row.due(through: 100_010) == [100_000])
    }

    @Test func `wakes a row in the next tick when its deadline is already over`() {
        var row = Row()
        _ = row.due(through: 100)
        row.schedule(at: 3)
        #expect(row.due(through: 200) == [101])
    }

    @Test func `wakes all the rows of the ticks that a long turn skipped`() {
        var wheel = TimerWheel()
        var deadlines = [Deadline(), Deadline(), Deadline()]
        for index in 0..<3 { wheel.schedule(&deadlines[index], UInt64(index), at: UInt32(10 * index + 5)) }
        var woken: [(tick: UInt32, token: UInt64)] = []
        wheel.advance(to: 20, into: &woken)
        let due = woken.filter { wheel.isDue(&deadlines[Int($0.token)], $0.token, woken: $0.tick) }
        #expect(due.map(\.token) == [0, 1])
    }

    @Test func `rounds milliseconds up to ticks`() {
        #expect(TurnTime.ticks(0) == 1)
        #expect(TurnTime.ticks(100) == 1)
        #expect(TurnTime.ticks(101) == 2)
    }
}
