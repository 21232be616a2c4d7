import CLinux
import Glibc
public import SystemPackage

/// A signal by its name.
public enum Signal: CInt, Sendable {
    case hangUp = 1
    case interrupt = 2
    case terminate = 15
}

/// Signals that arrive as input on a descriptor. The corresponding C function is `signalfd`.
public struct Signals: ~Copyable, Sendable {
    /// To be watched for input.
    public let descriptor: Descriptor

    /// Blocks `signals` for this thread and all it starts, and collects them here instead.
    ///
    /// Call this before any thread is started: a thread that does not block them could be killed by them. SIGPIPE is
    /// ignored as well.
    public init(collecting signals: [Signal]) throws(Errno) {
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal.rawValue) }
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        descriptor = Descriptor(
            owning: try invoke(.signalfd) {
                unsafe signalfd(-1, &set, CInt(SFD_NONBLOCK) | CInt(SFD_CLOEXEC))
            })
    }

    /// The next signal that has arrived, or nil when there is none.
    public func next() -> Signal? {
        var info = signalfd_siginfo()
        let outcome = unsafe withUnsafeMutableBytes(of: &info) { unsafe descriptor.read(into: $0) }
        guard case .bytes = outcome else { return nil }
        return Signal(rawValue: CInt(info.ssi_signo))
    }
}
