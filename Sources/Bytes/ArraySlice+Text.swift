// Every request uses these. They are inlinable and not generic: a call through a witness table for each byte would cost more
// than the rest of the request.

extension ArraySlice<UInt8> {
    /// The slice without leading and trailing spaces and tabs.
    @inlinable
    public var trimmed: ArraySlice<UInt8> {
        var (start, end) = (startIndex, endIndex)
        while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
        while start < end, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
        return self[start..<end]
    }

    /// Whether it is `text`.
    @inlinable
    public func equals(_ text: StaticString) -> Bool { count == text.utf8CodeUnitCount && starts(with: text) }

    /// Whether it is `text`, ignoring the case of ASCII letters. `text` must be in lower case.
    @inlinable
    public func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for offset in 0..<count {
            let byte = self[startIndex + offset]
            let lowercased = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
            guard unsafe lowercased == text.utf8Start[offset] else { return false }
        }
        return true
    }

    /// Whether it starts with `text`.
    @inlinable
    public func starts(with text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else { return false }
        for offset in 0..<text.utf8CodeUnitCount {
            guard unsafe self[startIndex + offset] == text.utf8Start[offset] else { return false }
        }
        return true
    }

    /// The parts before and after the first `separator`; nil when there is none.
    @inlinable
    public func cut(at separator: UInt8) -> (before: ArraySlice<UInt8>, after: ArraySlice<UInt8>)? {
        for index in startIndex..<endIndex where self[index] == separator {
            return (self[startIndex..<index], self[(index + 1)..<endIndex])
        }
        return nil
    }
}
