import GRDB

/// Gives back to the file system what the file does not need any more, a little at a time while nothing is written.
struct Caretaker {
    private let queue: DatabaseQueue
    private var hasWork = true

    /// Pages given back in one go: some milliseconds.
    private static let pages = 4096

    init(_ queue: DatabaseQueue) {
        self.queue = queue
    }

    /// What cannot be given back now is tried again later: nothing depends on it.
    mutating func tidy() {
        try? queue.writeWithoutTransaction { db in
            let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
            let all = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            // Some are left to be used again.
            if free > max(64, all / 8) {
                _ = try Row.fetchAll(db, sql: "PRAGMA incremental_vacuum(\(Self.pages))")
                hasWork = true
            } else if hasWork {
                hasWork = false
                _ = try Row.fetchAll(db, sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            }
        }
    }
}
