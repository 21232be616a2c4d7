import Glibc

/// The kernel's random numbers, fetched for several uses at once: each call of `getentropy` costs as much as a small write.
///
/// It is a class, because a copy would give the same numbers again.
public final class BufferedRandom: RandomNumberGenerator {
    private var numbers: [UInt64] = []

    /// Numbers to fetch at a time: 256 bytes, the most that `getentropy` gives.
    private static let count = 32

    /// Creates a generator that has fetched nothing yet.
    public init() {}

    /// A random number, used once.
    public func next() -> UInt64 {
        if let number = numbers.popLast() { return number }
        numbers = Array(repeating: 0, count: Self.count)
        let status = unsafe numbers.withUnsafeMutableBytes { unsafe getentropy($0.baseAddress, $0.count) }
        precondition(status == 0, "the kernel has no random numbers")
        return numbers.removeLast()
    }
}
