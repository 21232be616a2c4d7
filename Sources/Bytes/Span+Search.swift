extension Span<UInt8> {
    /// The index of the first byte, from a place on, that is one of two, or less than a limit; ``count`` when there is
    /// none. It looks at eight bytes at a time: most text has long stretches without any of them.
    ///
    /// - Parameter limit: 128 at most; 0 for no limit.
    @inlinable
    public func firstIndex(of one: UInt8, or other: UInt8, below limit: UInt8 = 0, from start: Int) -> Int {
        let bytes = unsafe bytes
        var index = start
        while index + 8 <= count {
            let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            let found = Words.marks(one, word) | Words.marks(other, word) | Words.marks(below: limit, word)
            // The lowest mark is exact; a borrow may set others above it.
            if found != 0 { return index + UInt64(littleEndian: found).trailingZeroBitCount / 8 }
            index += 8
        }
        while index < count, self[index] != one, self[index] != other, self[index] >= limit { index += 1 }
        return index
    }

    /// Whether other bytes are the same, compared eight at a time.
    public func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        let (own, others) = unsafe (bytes, other.bytes)
        var index = 0
        while index + 8 <= count {
            let word = unsafe own.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            let other = unsafe others.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
            guard word == other else { return false }
            index += 8
        }
        while index < count {
            guard self[index] == other[index] else { return false }
            index += 1
        }
        return true
    }
}

/// Compares the eight bytes of a word at once.
@usableFromInline
enum Words {
    @usableFromInline static let ones: UInt64 = 0x0101_0101_0101_0101

    /// The highest bit of the first byte that has a value is set, and none of an earlier byte.
    @inlinable
    static func marks(_ byte: UInt8, _ word: UInt64) -> UInt64 {
        let difference = word ^ (ones &* UInt64(byte))
        return (difference &- ones) & ~difference & (ones << 7)
    }

    /// The highest bit of the first byte below a limit is set, and none of an earlier byte.
    @inlinable
    static func marks(below limit: UInt8, _ word: UInt64) -> UInt64 {
        (word &- ones &* UInt64(limit)) & ~word & (ones << 7)
    }
}
