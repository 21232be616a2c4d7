import Synchronization

/// Hands a noncopyable value to another thread: a poller to the thread of its loop, a thread to the code that joins it.
final class Relay<Value: ~Copyable & Sendable>: Sendable {
    private let value: Mutex<Value?>

    init(_ value: consuming sending Value) {
        self.value = Mutex(value)
    }

    /// Takes the value. Call it once; a second call stops the process.
    func take() -> Value {
        guard let value = value.withLock({ $0.take() }) else { preconditionFailure("a value is handed over once") }
        return value
    }
}
