#if DEBUG
    import Glibc
    import Synchronization
    public import SystemPackage

    /// Failures that a test has asked the kernel to answer with, on the thread that asked. Debug builds only.
    public enum InjectedFailures {
        private struct Key: Hashable {
            let thread: UInt
            let call: SystemCall
        }

        private static let pending = Mutex<[Key: [Errno]]>([:])
        private static let armed = Atomic<Int>(0)

        /// Runs `body` while `call`, made on this thread, fails with each of `errors` in turn and then works again.
        public static func with<Value, Failure: Error>(
            _ call: SystemCall, _ errors: [Errno], _ body: () throws(Failure) -> Value
        ) throws(Failure) -> Value {
            let key = Key(thread: UInt(pthread_self()), call: call)
            pending.withLock { $0[key] = errors }
            armed.add(1, ordering: .sequentiallyConsistent)
            defer {
                pending.withLock { _ = $0.removeValue(forKey: key) }
                armed.subtract(1, ordering: .sequentiallyConsistent)
            }
            return try body()
        }

        static func next(for call: SystemCall) -> Errno? {
            guard armed.load(ordering: .relaxed) > 0 else { return nil }
            let key = Key(thread: UInt(pthread_self()), call: call)
            return pending.withLock { table in
                guard var errors = table[key], !errors.isEmpty else { return nil }
                let first = errors.removeFirst()
                table[key] = errors
                return first
            }
        }
    }
#endif
