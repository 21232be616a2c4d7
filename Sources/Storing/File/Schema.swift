import GRDB

/// The tables of the file. Any SQLite tool can read it.
enum Schema {
    /// `crie`: distinguishes the file from other SQLite databases.
    static let applicationID = 0x6372_6965
    static let version = 2

    private static let tables = """
        CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
        CREATE TABLE channels (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            evicted_through INTEGER NOT NULL,
            ended_at INTEGER,
            checksum INTEGER NOT NULL
        );
        CREATE TABLE places (place INTEGER PRIMARY KEY, through INTEGER NOT NULL, checksum INTEGER NOT NULL);
        CREATE TABLE events (
            sequence INTEGER PRIMARY KEY,
            time INTEGER NOT NULL,
            channel INTEGER NOT NULL,
            others TEXT,
            id TEXT,
            key TEXT,
            checksum INTEGER NOT NULL,
            wire BLOB NOT NULL
        );
        CREATE TABLE answers (
            key TEXT PRIMARY KEY,
            fingerprint INTEGER NOT NULL,
            time INTEGER NOT NULL,
            count INTEGER NOT NULL,
            first TEXT NOT NULL,
            last TEXT NOT NULL,
            channels TEXT NOT NULL,
            subscribers INTEGER NOT NULL,
            checksum INTEGER NOT NULL
        );
        """

    /// Creates the tables in an empty file.
    ///
    /// - Throws: when the file belongs to another program or has another format.
    static func prepare(_ db: Database) throws {
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        let objects = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        if objects == 0, application == 0 {
            // Before the first table: later it would require a rewrite of the file.
            try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; VACUUM; PRAGMA journal_mode = WAL")
            try db.inTransaction {
                try db.execute(sql: tables)
                try db.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(Self.version)")
                return .commit
            }
            return
        }
        guard application == applicationID else {
            throw StoreError("the file is a database of another program, and crier does not change it")
        }
        guard version == Self.version else {
            throw StoreError(
                "the file has format \(version), and this version of crier supports only format \(Self.version)")
        }
        try db.execute(sql: "PRAGMA journal_mode = WAL")
    }
}
