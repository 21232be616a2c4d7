/// A `retry:`: whole milliseconds, 0 to 2^31 − 1. Larger numbers overflow in some browsers.
public struct Retry: Sendable, Hashable {
    /// The reconnection time in milliseconds.
    public let milliseconds: UInt32

    /// Parses a number. It refuses all but ASCII digits, as clients do (WHATWG HTML 9.2.6).
    public init(digits: ArraySlice<UInt8>) throws(InvalidEvent) {
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { throw .retryNotDigits }
        var value: UInt64 = 0
        for digit in digits {
            value = value * 10 + UInt64(digit - 0x30)
            guard value <= Self.largest else { throw .retryTooLarge }
        }
        milliseconds = UInt32(value)
    }

    /// A reconnection time; one over 2^31 − 1 becomes 2^31 − 1.
    public init(milliseconds: UInt64) {
        self.milliseconds = UInt32(min(milliseconds, Self.largest))
    }

    private static let largest: UInt64 = 1 << 31 - 1
}
