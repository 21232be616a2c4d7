#if DEBUG
    import Glibc
    import Synchronization
    public import SystemPackage

    /// Errors that a test makes system calls of its own thread return. Debug builds only.
    public enum InjectedFailures {
        private struct Key: Hashable {
            let thread: UInt
            let call: SystemCall
        }

        private static let pending = Mutex<[Key: [Errno]]>([:])
        private static let armed = Atomic<Int>(0)

        /// The thread sanitizer does not see into the lock, so each owner also touches `armed`: that orders them for
        /// it.
        private static func locked<Result>(_ body: (inout sending [Key: [Errno]]) -> sending Result) -> sending Result {
            pending.withLock { table in
                armed.add(0, ordering: .sequentiallyConsistent)
                defer { armed.add(0, ordering: .sequentiallyConsistent) }
                return body(&table)
            }
        }

        /// Runs `body` while `call`, made on this thread, fails with each of `errors` in turn and then works again.
        public static func with<Value, Failure: Error>(
            _ call: SystemCall, _ errors: [Errno], _ body: () throws(Failure) -> Value
        ) throws(Failure) -> Value {
            let key = Key(thread: UInt(pthread_self()), call: call)
            locked { $0[key] = errors }
            armed.add(1, ordering: .sequentiallyConsistent)
            defer {
                locked { _ = $0.removeValue(forKey: key) }
                armed.subtract(1, ordering: .sequentiallyConsistent)
            }
            return try body()
        }

        static func next(for call: SystemCall) -> Errno? {
            guard armed.load(ordering: .relaxed) > 0 else { return nil }
            let key = Key(thread: UInt(pthread_self()), call: call)
            return locked { table in
                guard var errors = table[key], !errors.isEmpty else { return nil }
                let first = errors.removeFirst()
                table[key] = errors
                return first
            }
        }
    }
#endif
