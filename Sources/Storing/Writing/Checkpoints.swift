import GRDB
import GRDBSQLite
import Kernel

/// Copies the pages of SQLite's write-ahead log into the file, in place of SQLite, which would do it while publishers wait for
/// the batch that fills the log.
struct Checkpoints {
    private let queue: DatabaseQueue
    private var interval = CheckpointInterval()

    init(_ queue: DatabaseQueue) { self.queue = queue }

    /// Copies the log if it is long.
    mutating func run() { _ = run(.passive, after: interval.pages) }

    /// Copies the log of a store that has nothing else to do, and gives back its room.
    mutating func runWhenIdle() {
        if run(.truncate, after: CheckpointInterval.shortest) { interval.reset() }
    }

    /// Makes room on a disk that is full.
    ///
    /// - Returns: whether the log was long enough for another attempt to write to be worthwhile.
    mutating func makeRoom() -> Bool {
        interval.reset()
        return run(.passive, after: CheckpointInterval.shortest)
    }

    /// - Parameter pages: does nothing when fewer were written since the last time.
    /// - Returns: whether it has copied.
    private mutating func run(_ kind: Database.CheckpointMode, after pages: Int) -> Bool {
        let start = Clock.monotonicNanoseconds
        let hasRun = queue.writeWithoutTransaction { db in
            guard Self.pagesWritten(db, reset: false) >= pages else { return false }
            _ = Self.pagesWritten(db, reset: true)
            // After an error the log is still complete, and a later run tries again.
            _ = try? db.checkpointAtOnce(kind)
            return true
        }
        guard hasRun else { return false }
        interval.adapt(to: Clock.monotonicNanoseconds - start)
        return true
    }

    /// Pages that were written to the log.
    private static func pagesWritten(_ db: Database, reset: Bool) -> Int {
        var (now, most): (CInt, CInt) = (0, 0)
        _ = unsafe sqlite3_db_status(db.sqliteConnection, SQLITE_DBSTATUS_CACHE_WRITE, &now, &most, reset ? 1 : 0)
        return Int(now)
    }
}

extension Database {
    /// Copies the write-ahead log. It waits for nobody who reads the file: publishers would wait as well.
    func checkpointAtOnce(_ kind: CheckpointMode) throws {
        _ = unsafe sqlite3_busy_timeout(sqliteConnection, 0)
        defer { _ = unsafe sqlite3_busy_timeout(sqliteConnection, CInt(1000 * Store.patience)) }
        _ = try checkpoint(kind)
    }
}
