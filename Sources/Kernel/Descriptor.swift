import Glibc
public import SystemPackage

/// An open file descriptor with exactly one owner: it is closed when its owner goes, and cannot be used after that.
///
/// The number alone is no identity: the kernel hands a closed number out again at once. Whoever must recognise a
/// descriptor later (the event loop) pairs it with a generation.
public struct Descriptor: ~Copyable, Sendable {
    /// The number the kernel knows it by. Borrowed: never close it and never keep it beyond the owner's life.
    public let number: CInt

    /// Takes ownership of an open descriptor.
    public init(owning number: CInt) {
        self.number = number
    }

    deinit {
        // The result is of no use: on Linux the number is free again even when close reports an error, and a second
        // close could hit a stranger's descriptor.
        _ = Glibc.close(number)
    }

    /// Gives up ownership without closing.
    public consuming func release() -> CInt {
        let number = number
        discard self
        return number
    }

    /// Opens a file. The corresponding C function is `open`; close-on-exec is always set.
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
