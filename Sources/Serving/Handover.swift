import Synchronization

/// Passes a value with one owner to another thread: a poller to the thread of its loop, a thread to the code that waits for
/// its end.
final class Handover<Value: ~Copyable & Sendable>: Sendable {
    private let value: Mutex<Value?>

    init(_ value: consuming sending Value) {
        self.value = Mutex(value)
    }

    /// To be called once.
    func take() -> Value {
        guard let value = value.withLock({ $0.take() }) else { preconditionFailure("a value is handed over once") }
        return value
    }
}
