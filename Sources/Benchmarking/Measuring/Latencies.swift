import Histogram

/// Many durations: microseconds in a high dynamic range histogram with three significant digits.
public struct Latencies: Sendable {
    private var histogram = Histogram<UInt64>(
        lowestDiscernibleValue: 1, highestTrackableValue: 600_000_000, numberOfSignificantValueDigits: .three)

    /// No durations.
    init() {}

    /// Adds a duration in nanoseconds; more than ten minutes counts as ten minutes.
    @inline(__always)
    mutating func record(nanoseconds: UInt64) {
        histogram.record(min(nanoseconds / 1000, 600_000_000))
    }

    mutating func add(_ other: Latencies) {
        histogram.add(other.histogram)
    }

    /// The number of durations.
    public var count: UInt64 { histogram.totalCount }

    /// The duration in microseconds that this percentage of all did not exceed.
    public func percentile(_ percent: Double) -> UInt64 { histogram.valueAtPercentile(percent) }

    /// The longest duration in microseconds; 0 when there is none.
    public var longest: UInt64 { count == 0 ? 0 : histogram.maxRecorded }
}
