import GRDB

/// Why the store cannot use its file: a sentence without a full stop, to follow the path and a colon.
public struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The sentence.
    public let description: String

    init(_ description: String) {
        self.description = description
    }

    init(_ error: any Error) {
        switch error {
        case let error as StoreError: self = error
        case let error as DatabaseError: self.init(Self.sentence(error))
        default: self.init("\(error)")
        }
    }

    /// - Parameter detail: a sentence without a full stop.
    static func damaged(_ detail: String) -> StoreError {
        StoreError("the file is damaged (\(detail)); \(remedy)")
    }

    private static let remedy = "move it away and restart crier, or restore a backup"

    private static func sentence(_ error: DatabaseError) -> String {
        let detail = error.message.map { " (\($0))" } ?? ""
        return switch error.resultCode {
        case .SQLITE_FULL: "the disk is full"
        case .SQLITE_READONLY: "the file or its directory cannot be written to\(detail)"
        case .SQLITE_IOERR: "the disk reports an error\(detail)"
        case .SQLITE_CORRUPT: "the file is damaged\(detail); \(remedy)"
        case .SQLITE_NOTADB: "the file is no SQLite database, or is damaged\(detail)"
        case .SQLITE_CANTOPEN: "the file cannot be opened\(detail)"
        case .SQLITE_BUSY, .SQLITE_LOCKED: "the file is in use by another program\(detail)"
        default: "SQLite reports \(error.resultCode)\(detail)"
        }
    }
}
