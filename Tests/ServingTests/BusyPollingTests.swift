import Testing
import TimeLimits

@testable import Serving

@Suite(.endsInTime()) struct `A loop that waits for input` {
    private static let limit: UInt64 = 50_000

    private var polling = BusyPolling()

    /// One wait, of so many nanoseconds.
    ///
    /// - Returns: whether the loop polled.
    private mutating func wait(_ nanoseconds: UInt64, limit: UInt64 = Self.limit) -> Bool {
        let polls = polling.isWorthIt
        let isFound = nanoseconds <= limit
        if polls { polling.didPoll(foundInput: isFound) }
        if !polls || !isFound { polling.didSleep(nanoseconds: nanoseconds, limit: limit) }
        return polls
    }

    @Test mutating func `polls after a short wait, and goes on as long as waits are short`() {
        #expect(!wait(2 * Self.limit))
        for _ in 0..<10 { #expect(wait(Self.limit / 2)) }
    }

    @Test mutating func `does not poll while waits are long`() {
        for _ in 0..<1000 { #expect(!wait(2 * Self.limit + 1)) }
    }

    @Test mutating func `polls once in vain when requests stop, and not again before a short wait`() {
        _ = wait(1)
        #expect(wait(1))
        #expect(wait(100_000_000))
        for _ in 0..<1000 { #expect(!wait(100_000_000)) }
        #expect(!wait(1))
        #expect(wait(1))
    }

    @Test mutating func `polls ever more seldom if waits end soon after each poll`() {
        // Longer than a poll, and short as a sleep: each poll is in vain.
        var polls = 0
        for _ in 0..<10_000 where wait(Self.limit + 1) { polls += 1 }
        #expect((140...170).contains(polls), "\(polls)")
        // A poll that finds input makes the loop try as often as in the beginning.
        while !polling.isWorthIt { _ = wait(1) }
        #expect(wait(1))
        #expect(wait(100_000_000))
        #expect(!wait(1))
        #expect(wait(1))
    }

    @Test mutating func `never polls with a limit of 0`() {
        for _ in 0..<100 { #expect(!wait(1, limit: 0)) }
    }
}
