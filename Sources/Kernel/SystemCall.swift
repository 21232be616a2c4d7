import Glibc
import SystemPackage

/// The system calls this module makes, by the name of the C function.
///
/// The names exist so that a test can play the kernel: see ``InjectedFailures``.
public enum SystemCall: String, Sendable, Hashable {
    case accept4, bind, chmod, chown, close, connect, epollCreate, epollControl, epollWait, eventfd
    case fcntl, flock, getsockopt, listen, open, read, send, sendmsg, setsockopt, shutdown, signalfd, socket, unlink,
        write
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
