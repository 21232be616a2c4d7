import Glibc
import SystemPackage

/// Makes one system call and turns −1 into the error that the kernel left in `errno`.
///
/// This is the only place that handles EINTR: it repeats a call that a signal interrupted. Every wrapper in this module
/// goes through here, so there is one place to audit and one place to hook.
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
