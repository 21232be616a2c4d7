import Kernel

/// A file that the database has open.
struct OpenFile {
    private let path: String
    private let identity: FileIdentity?

    init(_ path: String) {
        self.path = path
        identity = FileIdentity(path: path)
    }

    /// Whether the file is still at its path.
    var isInPlace: Bool { FileIdentity(path: path) == identity }
}
