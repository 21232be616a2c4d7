import Broadcasting
import Glibc
import Kernel
import SystemPackage

/// How far a node has seen the log, in a file: after a restart it notices a store that was put back to an earlier state.
struct StateFile {
    private let path: String

    init(_ path: String) { self.path = path }

    /// What the file says; nil when there is none, or it cannot be read.
    func read() -> LogMark? {
        guard let bytes = try? Descriptor.open(path, O_RDONLY).readToEnd(limit: 4096) else { return nil }
        let parts = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard parts.count == 3, let revision = UInt64(parts[2]) else { return nil }
        return LogMark(epoch: Epoch(description: String(parts[0])), store: String(parts[1]), revision: revision)
    }

    /// Replaces the file.
    func write(_ mark: LogMark) throws {
        let new = path + ".new"
        let file = unsafe try FileDescriptor.open(
            new, .writeOnly, options: [.create, .truncate, .closeOnExec],
            permissions: [.ownerReadWrite, .groupRead, .otherRead])
        try file.closeAfter { _ = try file.writeAll(Array("\(mark.epoch) \(mark.store) \(mark.revision)\n".utf8)) }
        guard unsafe rename(new, path) == 0 else { throw Errno(rawValue: errno) }
    }
}
