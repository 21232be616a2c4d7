import Glibc
public import SystemPackage

/// Locks a file against other processes. The kernel releases the lock when the process ends, in whatever way it ends.
/// The corresponding C function is `flock`.
public struct FileLock: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// Takes the lock.
    ///
    /// - Parameter path: a file that serves only as the lock; it is created if it does not exist.
    /// - Throws: `wouldBlock` when another process holds the lock; other errors when the file cannot be opened.
    public init(path: String) throws(Errno) {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC
        let descriptor = Descriptor(owning: try invoke(.open) { unsafe Glibc.open(path, flags, 0o600) })
        _ = try invoke(.flock) { flock(descriptor.number, LOCK_EX | LOCK_NB) }
        self.descriptor = descriptor
    }
}
