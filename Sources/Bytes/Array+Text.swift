extension [UInt8] {
    /// Appends the bytes of a text.
    @inlinable
    public mutating func append(_ text: StaticString) {
        unsafe append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends the UTF-8 of a text.
    @inlinable
    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { unsafe append(contentsOf: $0) }
    }

    /// Appends a number in decimal digits.
    public mutating func append(decimal number: UInt64) {
        var divisor: UInt64 = 1
        while number / divisor >= 10 { divisor *= 10 }
        var rest = number
        while divisor > 0 {
            append(0x30 + UInt8(truncatingIfNeeded: rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }

    /// Appends a number, 0 or more, in decimal digits.
    public mutating func append(decimal number: Int) { append(decimal: UInt64(number)) }

    /// Appends a number, 0 or more, in hexadecimal digits.
    public mutating func append(hexadecimal number: Int) {
        let start = count
        var rest = number
        repeat {
            let digit = UInt8(rest & 15)
            append(digit < 10 ? 0x30 + digit : 0x57 + digit)
            rest >>= 4
        } while rest > 0
        self[start...].reverse()
    }
}
