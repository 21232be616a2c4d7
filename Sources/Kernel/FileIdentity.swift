import Glibc

/// Which file a path leads to. The corresponding C function is `stat`.
public struct FileIdentity: Sendable, Equatable {
    private let device: dev_t
    private let number: ino_t

    /// Nil when the path leads to none.
    public init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        device = status.st_dev
        number = status.st_ino
    }
}
