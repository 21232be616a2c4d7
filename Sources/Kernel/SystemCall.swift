import Glibc
public import SystemPackage

#if DEBUG
    import Synchronization
#endif

/// The system calls this module makes, by the name of the C function.
///
/// The names exist so that a test can play the kernel: see ``InjectedFailures``.
public enum SystemCall: String, Sendable, Hashable {
    case accept4, bind, chmod, chown, close, connect, epollCreate, epollControl, epollWait, eventfd
    case fcntl, getsockopt, listen, open, read, send, sendmsg, setsockopt, shutdown, signalfd, socket, unlink, write
}

/// Makes one system call and turns −1 into the error that the kernel left in `errno`.
///
/// This is the only place that knows about EINTR: a call that a signal interrupted is made again. Every wrapper in
/// this module goes through here, so there is one place to audit and one place to hook.
func invoke<Result: SignedInteger>(_ call: SystemCall, _ body: () -> Result) throws(Errno) -> Result {
    while true {
        #if DEBUG
            if let injected = InjectedFailures.next(for: call) {
                if injected == .interrupted { continue }
                throw injected
            }
        #endif
        let result = body()
        if result >= 0 { return result }
        let code = Errno(rawValue: errno)
        if code != .interrupted { throw code }
    }
}

#if DEBUG
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
