import GRDB

/// Returns free pages of the file to the file system, in small steps between writes.
struct Vacuum {
    private let queue: DatabaseQueue
    private var hasWork = true

    /// Pages per step; a step takes a few milliseconds.
    private static let pages = 4096

    init(_ queue: DatabaseQueue) {
        self.queue = queue
    }

    /// Does one step. It ignores errors, because the next run tries again.
    mutating func run() {
        try? queue.writeWithoutTransaction { db in
            let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
            let all = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            // Keep some free pages for the next events.
            if free > max(64, all / 8) {
                _ = try Row.fetchAll(db, sql: "PRAGMA incremental_vacuum(\(Self.pages))")
                hasWork = true
            } else if hasWork {
                hasWork = false
                try db.checkpointAtOnce(.truncate)
            }
        }
    }
}
