import Synchronization

/// Counts durations in fixed buckets. One thread writes and any thread reads.
public final class Histogram: Sendable {
    /// The upper bounds of the buckets in nanoseconds, each inclusive; a last bucket has everything longer.
    public static let bounds: [UInt64] = [
        50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000,
        100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    ]

    /// For each power of two, the first bucket that has durations from there on.
    private static let firstBuckets: InlineArray<64, UInt8> = InlineArray { power in
        UInt8(bounds.firstIndex { $0 >= 1 << UInt64(power) } ?? bounds.count)
    }

    private let counts: InlineArray<18, Counter>
    private let sum = Counter()

    /// Without durations.
    public init() { counts = InlineArray { _ in Counter() } }

    /// Counts a duration in nanoseconds. Only for the one thread that writes.
    public func observe(_ duration: UInt64) {
        // The bucket of the power of two below is at most two buckets away.
        var index = Int(Self.firstBuckets[63 - (duration | 1).leadingZeroBitCount])
        while index < Self.bounds.count, duration > Self.bounds[index] { index += 1 }
        counts[index].add(1)
        sum.add(Int(clamping: duration))
    }

    /// What it has counted.
    public var distribution: Distribution {
        var distribution = Distribution()
        for index in 0..<18 { distribution.counts[index] = counts[index].current }
        distribution.nanoseconds = sum.current
        return distribution
    }
}

/// Durations by bucket.
public struct Distribution: Sendable, Hashable {
    /// How many there are in each bucket of ``Histogram/bounds``, and longer ones.
    public var counts = Array(repeating: 0, count: Histogram.bounds.count + 1)
    /// Their sum.
    public var nanoseconds = 0

    /// None.
    public init() {}

    /// How many there are.
    public var count: Int { counts.reduce(0, +) }

    /// Adds those of another thread.
    public mutating func add(_ other: Distribution) {
        for index in counts.indices { counts[index] += other.counts[index] }
        nanoseconds += other.nanoseconds
    }

    /// Those that are not among earlier ones of the same histograms.
    public func subtracting(_ earlier: Distribution) -> Distribution {
        var rest = self
        for index in counts.indices { rest.counts[index] -= earlier.counts[index] }
        rest.nanoseconds -= earlier.nanoseconds
        return rest
    }

    /// The bound of the bucket in which a share of them ends, in nanoseconds; nil without any. Longer ones than the last bound
    /// count as twice that.
    public func quantile(_ share: Double) -> UInt64? {
        let count = count
        guard count > 0 else { return nil }
        let rank = max(1, Int((share * Double(count)).rounded(.up)))
        var passed = 0
        for index in counts.indices {
            passed += counts[index]
            if passed >= rank { return index < Histogram.bounds.count ? Histogram.bounds[index] : 20_000_000_000 }
        }
        return nil
    }
}
