import Access
import Synchronization

/// Token buckets in a table of fixed size, for the rates of addresses and of callers. A bucket that is full again takes
/// no place. A table without a free place forgets the subject that has been quiet for longest, of a few.
///
/// A bucket is one number, the time at which it will be full again (the generic cell rate algorithm, ITU-T I.371).
final class RateLimiter: Sendable {
    /// What is limited. Two subjects are the same only when their hashes are, which a seed of the process keeps secret.
    struct Subject {
        fileprivate let hash: UInt64

        init(_ kind: StaticString, _ value: some Hashable) {
            var hasher = Hasher()
            hasher.combine("\(kind)")
            hasher.combine(value)
            // 0 marks a free place.
            hash = UInt64(truncatingIfNeeded: hasher.finalize()) | 1
        }
    }

    /// The outcome of a request.
    struct Verdict: Hashable {
        let isAllowed: Bool
        /// What is left in the bucket now.
        let remaining: Int
        /// Nanoseconds until the next is allowed; 0 when one is.
        let wait: UInt64
    }

    private struct Bucket {
        var subject: UInt64 = 0
        /// When it is full, in nanoseconds of the monotonic clock.
        var full: UInt64 = 0
    }

    /// 65,536 buckets take 1 MiB, from the first request on.
    private static let sets = 16384
    private static let ways = 4

    private let buckets = Mutex<[Bucket]>([])

    /// Takes from the bucket of a subject, if anything is in it.
    ///
    /// - Parameters:
    ///   - cost: how much to take. The bucket then lacks what it did not have, so that the next requests wait for it.
    ///   - burst: how much a full bucket has, 1 or more.
    ///   - now: nanoseconds of the monotonic clock.
    func take(_ cost: Int, of subject: Subject, _ rate: Rate, burst: Int, now: UInt64) -> Verdict {
        guard let interval = rate.interval else { return Verdict(isAllowed: true, remaining: .max, wait: 0) }
        let room = interval.multipliedReportingOverflow(by: UInt64(burst))
        let capacity = room.overflow ? UInt64.max / 2 : room.partialValue
        return buckets.withLock { buckets in
            let (place, full) = Self.find(subject, in: &buckets, now: now)
            let used = full - now
            // One must be in it.
            let isAllowed = used + interval <= capacity
            guard isAllowed else { return Verdict(isAllowed: false, remaining: 0, wait: used + interval - capacity) }
            let next = full + Self.time(cost, interval)
            buckets[place] = Bucket(subject: subject.hash, full: next)
            let left = capacity > next - now ? (capacity - (next - now)) / interval : 0
            return Verdict(isAllowed: true, remaining: Int(clamping: left), wait: 0)
        }
    }

    /// Takes from the bucket of a subject also what is not in it.
    func charge(_ cost: Int, to subject: Subject, _ rate: Rate, now: UInt64) {
        guard let interval = rate.interval else { return }
        buckets.withLock { buckets in
            let (place, full) = Self.find(subject, in: &buckets, now: now)
            // Debts of a thousand years do not add up to an overflow.
            let next = min(full, UInt64.max / 4) + Self.time(cost, interval)
            buckets[place] = Bucket(subject: subject.hash, full: next)
        }
    }

    /// Nanoseconds that a cost takes to be refilled.
    private static func time(_ cost: Int, _ interval: UInt64) -> UInt64 {
        let time = interval.multipliedReportingOverflow(by: UInt64(cost))
        return min(time.overflow ? .max : time.partialValue, UInt64.max / 4)
    }

    /// The place of the bucket of a subject, and when it is full.
    private static func find(_ subject: Subject, in buckets: inout [Bucket], now: UInt64) -> (place: Int, full: UInt64)
    {
        if buckets.isEmpty { buckets = Array(repeating: Bucket(), count: sets * ways) }
        let place = place(of: subject.hash, in: buckets)
        return (place, buckets[place].subject == subject.hash ? max(buckets[place].full, now) : now)
    }

    /// The place of a subject, or else of the quietest of its set.
    private static func place(of subject: UInt64, in buckets: [Bucket]) -> Int {
        let first = Int(truncatingIfNeeded: subject >> 32) & (sets - 1)
        let start = first * ways
        var quietest = start
        for place in start..<start + ways {
            if buckets[place].subject == subject { return place }
            if buckets[place].full < buckets[quietest].full { quietest = place }
        }
        return quietest
    }
}
