import Testing
import TimeLimits

@testable import Serving

@Suite(.endsInTime()) struct `The log limiter` {
    @Test func `admits ten lines in ten seconds, and counts the suppressed ones`() {
        var limiter = LogLineLimiter(limit: 10)
        for now: UInt64 in 5000..<5010 { #expect(limiter.admit(now: now) == 0) }
        for _ in 0..<90 { #expect(limiter.admit(now: 14_999) == nil) }
        #expect(limiter.admit(now: 15_000) == 90)
        for _ in 0..<9 { #expect(limiter.admit(now: 15_001) == 0) }
        #expect(limiter.admit(now: 24_999) == nil)
        #expect(limiter.admit(now: 99_999) == 1)
    }
}
