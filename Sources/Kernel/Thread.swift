import CLinux
import Glibc
public import SystemPackage

/// A thread of the kernel. The corresponding C functions are `pthread_create` and `pthread_join`.
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
    /// - Parameter name: what `top` and debuggers show; the kernel keeps 15 bytes.
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

    /// Waits until it has ended.
    public consuming func join() {
        _ = pthread_join(handle, nil)
    }
}
