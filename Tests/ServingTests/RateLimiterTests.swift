import Access
import Testing
import TimeLimits

@testable import Serving

@Suite(.endsInTime()) struct `A rate limiter` {
    private let second: UInt64 = 1_000_000_000
    private let rate = Rate(count: 10, period: 1000)

    private func take(_ limiter: RateLimiter, _ name: String, _ cost: Int = 1, at now: UInt64) -> RateLimiter.Verdict {
        limiter.take(cost, of: RateLimiter.Subject("test", name), rate, burst: 5, now: now)
    }

    @Test func `lets a burst through, then one for each interval`() {
        let limiter = RateLimiter()
        for left in [4, 3, 2, 1, 0] {
            #expect(take(limiter, "a", at: second) == .init(isAllowed: true, remaining: left, wait: 0))
        }
        #expect(take(limiter, "a", at: second) == .init(isAllowed: false, remaining: 0, wait: second / 10))
        #expect(take(limiter, "a", at: second + second / 10 - 1).wait == 1)
        #expect(take(limiter, "a", at: second + second / 10).isAllowed)
        #expect(!take(limiter, "a", at: second + second / 10).isAllowed)
    }

    @Test func `lets one through that costs more than there is, and makes the next wait for it`() {
        let limiter = RateLimiter()
        #expect(take(limiter, "a", 100, at: second).isAllowed)
        #expect(take(limiter, "a", at: second + 9 * second).wait == second / 2 + second / 10)
        #expect(take(limiter, "a", Int.max, at: 100 * second).isAllowed)
        #expect(!take(limiter, "a", at: 200 * second).isAllowed)
    }

    @Test func `limits each subject for itself`() {
        let limiter = RateLimiter()
        for _ in 0..<5 { _ = take(limiter, "a", at: second) }
        #expect(!take(limiter, "a", at: second).isAllowed)
        #expect(take(limiter, "b", at: second).isAllowed)
        let other = limiter.take(1, of: RateLimiter.Subject("other", "a"), rate, burst: 5, now: second)
        #expect(other.isAllowed)
    }

    @Test func `asks for nothing without a rate`() {
        let limiter = RateLimiter()
        for _ in 0..<100 {
            #expect(limiter.take(1, of: RateLimiter.Subject("test", 1), .unlimited, burst: 1, now: 0).isAllowed)
        }
    }

    @Test func `forgets the quietest when a million addresses come, and not the busy one`() {
        let limiter = RateLimiter()
        var refused = 0
        for number in 0..<1_000_000 {
            let now = second + UInt64(number) * 1000
            _ = limiter.take(1, of: RateLimiter.Subject("address", number), rate, burst: 5, now: now)
            if number % 1000 == 0, !take(limiter, "busy", 1000, at: now).isAllowed { refused += 1 }
        }
        // It owes a hundred seconds after its first request, and no other owes as much.
        #expect(refused == 999)
    }
}

@Suite(.endsInTime()) struct `The counts of subscribers` {
    @Test func `refuse the one above a limit, and count nothing for it`() {
        let counts = SubscriberCounts()
        let (joe, eve) = (SubscriberCounts.Key.name("joe"), SubscriberCounts.Key.name("eve"))
        #expect(counts.add([(joe, 2), (eve, 1)]) == nil)
        #expect(counts.add([(joe, 2), (eve, 1)]) == eve)
        #expect(counts.add([(joe, 2)]) == nil)
        #expect(counts.add([(joe, 2)]) == joe)
        counts.remove([joe])
        #expect(counts.add([(joe, 2)]) == nil)
    }

    @Test func `keep nothing of those that have gone`() {
        let counts = SubscriberCounts()
        for number in 0..<1000 {
            let key = SubscriberCounts.Key.name("\(number)")
            #expect(counts.add([(key, 1)]) == nil)
            counts.remove([key])
        }
        #expect(counts.count == 0)
    }
}
