import CLinux
import Glibc
public import SystemPackage

/// Memory that outlives the process for as long as another one has its descriptor: what the process has stored when it is
/// killed is there. The corresponding C functions are `memfd_create` and `mmap` with MAP_SHARED.
///
/// Several threads may write to different parts of it; hence `@unchecked`.
@safe
public final class SharedMemory: @unchecked Sendable {
    /// The file behind the memory. Its close-on-exec flag is set, and its size cannot change.
    public let descriptor: Descriptor
    /// The memory. Nobody may use it after this object.
    @unsafe public let bytes: UnsafeMutableRawBufferPointer

    /// The seals F_SEAL_SEAL, F_SEAL_SHRINK and F_SEAL_GROW: a smaller file would end a process that reads behind its end.
    private static let seals: CInt = 0x1 | 0x2 | 0x4

    /// Creates memory full of zeros, of which only what is written takes room.
    ///
    /// - Parameters:
    ///   - name: shown in `/proc/PID/fd`.
    ///   - size: bytes, 1 or more.
    public init(named name: String, size: Int) throws(Errno) {
        // MFD_CLOEXEC and MFD_ALLOW_SEALING.
        let file = Descriptor(owning: try invoke(.memfdCreate) { unsafe memfd_create(name, 0x1 | 0x2) })
        _ = try invoke(.ftruncate) { ftruncate(file.number, size) }
        _ = try invoke(.fcntl) { fcntl(file.number, 1033, Self.seals) }
        unsafe bytes = try Self.map(file, size)
        descriptor = file
    }

    /// Maps memory of another process.
    ///
    /// - Throws: `permissionDenied` when its size could change.
    public init(adopting file: consuming Descriptor) throws(Errno) {
        let number = file.number
        guard fcntl(number, 1034) & Self.seals == Self.seals else { throw .permissionDenied }
        var status = stat()
        _ = try invoke(.fstat) { unsafe fstat(number, &status) }
        unsafe bytes = try Self.map(file, Int(status.st_size))
        descriptor = file
    }

    deinit { unsafe munmap(bytes.baseAddress, bytes.count) }

    private static func map(_ file: borrowing Descriptor, _ size: Int) throws(Errno) -> UnsafeMutableRawBufferPointer {
        guard let start = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file.number, 0),
            unsafe start != MAP_FAILED
        else { throw Errno(rawValue: errno) }
        return unsafe UnsafeMutableRawBufferPointer(start: start, count: size)
    }
}
