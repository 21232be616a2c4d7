import CLinux
import Glibc
public import SystemPackage

/// A thread. The corresponding C functions are `pthread_create` and `pthread_join`.
public struct Thread: ~Copyable, Sendable {
    private let handle: pthread_t

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts a thread.
    ///
    /// - Parameter name: the name in `top` and in debuggers; the kernel keeps 15 bytes.
    /// - Throws: the error of `pthread_create`, such as `resourceTemporarilyUnavailable` at the limit of threads.
    public init(named name: String, _ body: @escaping @Sendable () -> Void) throws(Errno) {
        let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
        var handle = pthread_t()
        let status = unsafe pthread_create(
            &handle, nil,
            { argument in
                let start = unsafe Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
                _ = unsafe pthread_setname_np(pthread_self(), String(start.name.prefix(15)))
                start.body()
                return nil
            }, start.toOpaque())
        guard status == 0 else {
            unsafe start.release()
            throw Errno(rawValue: status)
        }
        self.handle = handle
    }

    /// Waits until the thread has ended.
    public consuming func join() {
        _ = pthread_join(handle, nil)
    }

    /// Lets the thread end by itself.
    public consuming func detach() {
        _ = pthread_detach(handle)
    }

    /// Lets the calling thread, and the programs that it starts from now on, have a processor only while no other thread
    /// wants it (`SCHED_IDLE`); among busy ones it gets a few thousandths of the time. It cannot go back without a privilege.
    /// Where a filter of system calls forbids this, as in crier.service, the thread stays as it is.
    public static func becomeIdle() {
        var parameters = sched_param()
        _ = unsafe sched_setscheduler(0, CInt(CLINUX_SCHED_IDLE), &parameters)
    }

    /// Pauses the calling thread, until the time has passed or a signal arrives. The corresponding C function is
    /// `usleep`.
    public static func sleep(milliseconds: UInt64) {
        usleep(useconds_t(clamping: min(milliseconds, 1 << 32) * 1000))
    }
}
