extension Collection<UInt8> {
    /// Whether it equals `text`, ignoring the case of ASCII characters. `text` must be lower case.
    func equalsIgnoringCase(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        return unsafe zip(self, UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
            .allSatisfy { $0.lowercased == $1 }
    }
}
