import Glibc
public import SystemPackage

/// An open file descriptor with exactly one owner. It closes when its owner's lifetime ends, and no code can use it
/// after that.
///
/// The number alone does not identify a descriptor, because the kernel reuses a closed number at once. Code that must
/// recognise a descriptor later, such as the event loop, pairs the number with a generation.
public struct Descriptor: ~Copyable, Sendable {
    /// The kernel's number for it. Borrowed: never close it, and never keep it longer than the owner lives.
    public let number: CInt

    /// Takes ownership of an open descriptor.
    public init(owning number: CInt) {
        self.number = number
    }

    deinit {
        // Do not retry on an error: on Linux the number is free even then, and a second close could close a descriptor
        // that another thread has just opened.
        _ = Glibc.close(number)
    }

    /// Gives up ownership without closing.
    public consuming func release() -> CInt {
        let number = number
        discard self
        return number
    }

    /// Another descriptor for the same open file, with its close-on-exec flag set. The corresponding C function is `fcntl`
    /// with F_DUPFD_CLOEXEC.
    public func duplicate() throws(Errno) -> Descriptor {
        Descriptor(owning: try invoke(.fcntl) { fcntl(number, F_DUPFD_CLOEXEC, 0) })
    }

    /// Opens a file, always with close-on-exec. The corresponding C function is `open`.
    public static func open(_ path: String, _ flags: CInt) throws(Errno) -> Descriptor {
        Descriptor(owning: try invoke(.open) { unsafe Glibc.open(path, flags | O_CLOEXEC) })
    }

    /// Sets or clears `O_NONBLOCK`.
    public func setNonBlocking(_ nonBlocking: Bool) throws(Errno) {
        let flags = try invoke(.fcntl) { fcntl(number, F_GETFL) }
        let wanted = nonBlocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK
        _ = try invoke(.fcntl) { fcntl(number, F_SETFL, wanted) }
    }
}
