import Glibc
public import SystemPackage

/// Keeps a second process from a file for as long as it is held; the kernel lets go when the process ends, however it
/// ends. The corresponding C function is `flock`.
public struct FileLock: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// Takes the lock.
    ///
    /// - Parameter path: a file that is there for this only; it is made.
    /// - Throws: `wouldBlock` when another process has it.
    public init(path: String) throws(Errno) {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC
        let descriptor = Descriptor(owning: try invoke(.open) { unsafe Glibc.open(path, flags, 0o600) })
        _ = try invoke(.flock) { flock(descriptor.number, LOCK_EX | LOCK_NB) }
        self.descriptor = descriptor
    }
}
