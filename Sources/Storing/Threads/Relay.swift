/// Moves a value that is not `Sendable` to another thread.
final class Relay<Value>: @unchecked Sendable {
    private var value: Value?

    init(_ value: Value) { self.value = value }

    /// Takes the value. Call it once, on the thread that owns the value from then on. Starting that thread after the
    /// initializer orders the two accesses; hence `@unchecked`.
    func take() -> Value {
        defer { value = nil }
        return value!
    }
}
