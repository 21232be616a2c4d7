import Glibc

/// Identifies a file whatever its path. The corresponding C functions are `stat` and `fstat`.
public struct FileIdentity: Sendable, Equatable, CustomStringConvertible {
    private let device: dev_t
    private let number: ino_t

    /// The file at a path; nil when there is none.
    public init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        device = status.st_dev
        number = status.st_ino
    }

    init?(number: CInt) {
        var status = stat()
        guard unsafe fstat(number, &status) == 0 else { return nil }
        device = status.st_dev
        self.number = status.st_ino
    }

    /// `device:inode`, the form of systemd's JOURNAL_STREAM.
    public var description: String { "\(device):\(number)" }
}
