import CLinux
import Glibc
public import SystemPackage

/// Signals that the kernel delivers as input on a descriptor. The corresponding C function is `signalfd`.
public struct Signals: ~Copyable, Sendable {
    /// The descriptor for a poller to watch for input.
    public let descriptor: Descriptor

    /// Blocks `signals` for this thread and the threads it starts, and collects them here instead. Ignores SIGPIPE too.
    ///
    /// Call this before you start any thread: a signal can end the process through a thread that does not block it.
    public init(collecting signals: [Signal]) throws(Errno) {
        Self.ignoreBrokenPipe()
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal.rawValue) }
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        descriptor = Descriptor(
            owning: try invoke(.signalfd) {
                unsafe signalfd(-1, &set, CInt(SFD_NONBLOCK) | CInt(SFD_CLOEXEC))
            })
    }

    /// The next signal that has arrived; nil when there is none.
    public func next() -> Signal? {
        var info = signalfd_siginfo()
        let outcome = unsafe withUnsafeMutableBytes(of: &info) { unsafe descriptor.read(into: $0) }
        guard case .bytes = outcome else { return nil }
        return Signal(rawValue: CInt(info.ssi_signo))
    }

    /// Ignores SIGPIPE: a write to a closed connection then fails with EPIPE and does not end the process.
    public static func ignoreBrokenPipe() {
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
    }
}
