import CLinux
import Glibc
public import SystemPackage

/// A file that exists in memory alone, for as long as a process has it open. The corresponding C function is `memfd_create`.
public final class MemoryFile: Sendable {
    /// The file. Its close-on-exec flag is set.
    public let descriptor: Descriptor

    /// Creates an empty file.
    ///
    /// - Parameter name: shown in `/proc/PID/fd`.
    public init(named name: String) throws(Errno) {
        // MFD_CLOEXEC and MFD_ALLOW_SEALING.
        descriptor = Descriptor(owning: try invoke(.memfdCreate) { unsafe memfd_create(name, 0x1 | 0x2) })
    }

    /// Creates a file for another program, which reads it from its start.
    public convenience init(named name: String, contents: [UInt8]) throws(Errno) {
        try self.init(named: name)
        try append(contents)
        guard lseek(descriptor.number, 0, SEEK_SET) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Takes over a file that another process created.
    public init(adopting descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }

    /// Appends bytes.
    public func append(_ bytes: [UInt8]) throws(Errno) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try invoke(.write) {
                unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor.number, $0.baseAddress, $0.count) }
            }
            rest = rest.dropFirst(count)
        }
    }

    /// The bytes of the file; nil when there are more than `limit`.
    public func contents(limit: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe pread(descriptor.number, $0.baseAddress, $0.count, 0) }
        return count >= 0 && count <= limit ? Array(bytes[..<count]) : nil
    }

    /// The commands and flags of `fcntl(2)` for seals, which Glibc's module leaves out.
    private enum Seals {
        static let add: CInt = 1033
        static let get: CInt = 1034
        /// F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE.
        static let all: CInt = 0x1 | 0x2 | 0x4 | 0x8
    }

    /// Makes it impossible for every process to change the file from now on.
    public func seal() throws(Errno) {
        _ = try invoke(.fcntl) { fcntl(descriptor.number, Seals.add, Seals.all) }
    }

    /// Whether no process can change the file any more.
    public var isSealed: Bool { fcntl(descriptor.number, Seals.get) & Seals.all == Seals.all }

    /// Calls `body` with the bytes of the file, which must be sealed. The corresponding C function is `mmap`.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) throws(Errno) -> Result {
        guard isSealed else { throw .permissionDenied }
        var status = stat()
        _ = try invoke(.fstat) { unsafe fstat(descriptor.number, &status) }
        let size = Int(status.st_size)
        guard size > 0 else { return unsafe body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        guard let start = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor.number, 0),
            unsafe start != MAP_FAILED
        else { throw Errno(rawValue: errno) }
        defer { unsafe munmap(start, size) }
        return unsafe body(UnsafeRawBufferPointer(start: start, count: size))
    }
}
