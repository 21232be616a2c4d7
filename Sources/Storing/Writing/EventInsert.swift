import Broadcasting
import EventStreams
import GRDB
import GRDBSQLite

/// Inserts events into the table of events.
///
/// It binds the values itself: GRDB puts each of them into a box and copies the bytes, and the boxes of a thousand small
/// events take as long as the events.
struct EventInsert {
    private let db: Database
    private let statement: Statement

    init(_ db: Database) throws {
        self.db = db
        statement = try db.cachedStatement(
            sql: "INSERT INTO events (\(EventRow.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
    }

    /// Inserts an event.
    ///
    /// - Parameters:
    ///   - channel: the row number of its first channel.
    ///   - others: see ``EventRow/others``.
    func add(_ frame: Frame, _ labels: PublisherLabels?, channel: Int64, others: String?) throws {
        let (id, key) = (labels?.id?.description, labels?.key?.description)
        let wire = unsafe frame.bytes
        let checksum = unsafe EventRow.checksum(
            sequence: frame.sequence, time: frame.time, channel: channel, others: others, id: id, key: key,
            wire: wire.bytes)
        let statement = unsafe statement.sqliteStatement
        // SQLite does not copy the bytes: it must forget their address before the frame can go.
        defer {
            unsafe sqlite3_reset(statement)
            unsafe sqlite3_clear_bindings(statement)
        }
        try check(unsafe sqlite3_bind_int64(statement, 1, Int64(frame.sequence)))
        try check(unsafe sqlite3_bind_int64(statement, 2, Int64(frame.time)))
        try check(unsafe sqlite3_bind_int64(statement, 3, channel))
        for (index, text) in [(Int32(4), others), (5, id), (6, key)] { try bind(text, at: index) }
        try check(unsafe sqlite3_bind_int64(statement, 7, checksum))
        try check(unsafe sqlite3_bind_blob(statement, 8, wire.baseAddress, Int32(wire.count), nil))
        let result = unsafe sqlite3_step(statement)
        guard result == SQLITE_DONE else { throw failure(result) }
    }

    private func bind(_ text: String?, at index: Int32) throws {
        guard let text else { return try check(unsafe sqlite3_bind_null(statement.sqliteStatement, index)) }
        // -1: SQLite copies the text.
        let copies = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        try check(unsafe sqlite3_bind_text(statement.sqliteStatement, index, text, -1, copies))
    }

    private func check(_ result: Int32) throws {
        guard result == SQLITE_OK else { throw failure(result) }
    }

    private func failure(_ result: Int32) -> DatabaseError {
        DatabaseError(resultCode: ResultCode(rawValue: result), message: db.lastErrorMessage)
    }
}
