/// A number of things in a time.
public struct Rate: Sendable, Hashable {
    /// How many, 0 or more; 0 is no limit.
    public var count: Int
    /// The time in milliseconds, 1 or more.
    public var period: UInt64

    /// A rate.
    public init(count: Int, period: UInt64) {
        self.count = count
        self.period = period
    }

    /// No limit.
    public static let unlimited = Rate(count: 0, period: 1000)

    /// Nanoseconds for each; nil without a limit.
    public var interval: UInt64? { count == 0 ? nil : max(1, period * 1_000_000 / UInt64(count)) }
}
