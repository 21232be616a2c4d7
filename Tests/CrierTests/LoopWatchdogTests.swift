import Testing
import TimeLimits

@testable import crier

@Suite(.endsInTime()) struct `The watchdog` {
    /// What it answers when the loops have turned so many times.
    private func answers(period: UInt64?, _ turns: [[Int]]) -> [Bool] {
        var watch = LoopWatchdog(period: period)
        return turns.map { watch.isDue($0) }
    }

    @Test func `is content only when every loop has turned since it looked last`() {
        #expect(answers(period: 0, [[1, 1], [2, 2], [3, 3]]) == [true, true, true])
        #expect(answers(period: 0, [[1, 1], [2, 1]]) == [true, false], "the second loop hangs")
        #expect(answers(period: 0, [[1, 1], [1, 2]]) == [true, false], "the first loop hangs")
        #expect(answers(period: 0, [[1, 1], [1, 1], [2, 2]]) == [true, false, true], "both hung for a while")
    }

    @Test func `looks once a period, and never without one`() {
        #expect(answers(period: 3_600_000, [[1], [2]]) == [true, false])
        #expect(answers(period: nil, [[1]]) == [false])
    }
}
