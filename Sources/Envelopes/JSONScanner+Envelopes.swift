import JSON

/// The scanner with the errors of envelopes.
extension JSONScanner {
    /// Parses with the scanner.
    @inline(__always)
    mutating func scan<Value>(_ part: (inout JSONScanner) throws(InvalidJSON) -> Value) throws(InvalidEnvelope) -> Value
    {
        do throws(InvalidJSON) { return try part(&self) } catch { throw .notJSON(error) }
    }

    /// ``JSONScanner/list(until:_:)`` for elements that are more than JSON.
    @inline(__always)
    mutating func elements(
        until close: UInt8, _ element: (inout JSONScanner) throws(InvalidEnvelope) -> Void
    ) throws(InvalidEnvelope) {
        if take(close) { return }
        var hasMore = true
        while hasMore {
            try element(&self)
            hasMore = try scan { scanner throws(InvalidJSON) in try scanner.takeComma(orEnd: close) }
        }
    }
}
