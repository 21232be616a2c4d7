import Testing
import TimeLimits

@testable import Benchmarking

@Suite(.endsInTime()) struct `Recorded latencies` {
    private func recorded(_ milliseconds: some Sequence<Int>) -> Latencies {
        var latencies = Latencies()
        for value in milliseconds { latencies.record(nanoseconds: UInt64(value) * 1_000_000) }
        return latencies
    }

    /// Three significant digits.
    private func isNear(_ found: UInt64, _ expected: UInt64) -> Bool {
        max(found, expected) - min(found, expected) <= expected / 1000
    }

    @Test func `have percentiles`() {
        let latencies = recorded((1...1000).shuffled())
        #expect(latencies.count == 1000)
        for (percent, expected) in [(50.0, 500_000), (99, 990_000), (99.9, 999_000), (100, 1_000_000)] as [(_, UInt64)]
        {
            #expect(isNear(latencies.percentile(percent), expected), "\(percent): \(latencies.percentile(percent))")
        }
        #expect(isNear(latencies.longest, 1_000_000))
    }

    @Test func `add up, and are empty at first`() {
        var sum = recorded(1...10)
        sum.add(recorded(91...100))
        #expect(sum.count == 20 && isNear(sum.percentile(50), 10_000) && isNear(sum.longest, 100_000))
        let none = Latencies()
        #expect(none.count == 0 && none.longest == 0)
    }

    @Test func `count less than a microsecond as 0 and more than ten minutes as ten minutes`() {
        var latencies = Latencies()
        latencies.record(nanoseconds: 999)
        #expect(latencies.longest == 0)
        latencies.record(nanoseconds: .max)
        #expect(latencies.count == 2 && isNear(latencies.longest, 600_000_000))
    }
}
