import Broadcasting
import GRDB
import Kernel

/// Where the log goes on from one process to the next.
struct Incarnation {
    private let durability: Store.Durability

    init(_ durability: Store.Durability) {
        self.durability = durability
    }

    /// Numbers that are left out when the power may have taken events with it: whoever saw one of these must not take
    /// another event for it.
    private static let leap: UInt64 = 1 << 32

    /// Reads where the log ended, and marks the file as in use.
    func begin(_ db: Database) throws -> StoredState {
        let epoch = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'epoch'")
        let boot = Machine.bootID
        guard let epoch else {
            let epoch = Epoch.random()
            try set("epoch", epoch.description, db)
            try set("boot", boot, db)
            try set("closed", 0, db)
            try set("durability", durability.rawValue, db)
            return StoredState(epoch: epoch)
        }
        var state = StoredState(epoch: Epoch(description: epoch))
        let head = try Int64.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'head'") ?? 0
        let newest = try Int64.fetchOne(db, sql: "SELECT max(sequence) FROM events") ?? 0
        state.head = UInt64(bitPattern: max(head, newest, 0))
        let broken = try Int64.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'broken'") ?? 0
        state.brokenThrough = UInt64(bitPattern: broken)
        if try hasLostPower(boot, db) {
            state.head += Self.leap
            state.brokenThrough = state.head
            try set("head", Int64(state.head), db)
            try set("broken", Int64(state.head), db)
        }
        state.channels = try channels(db)
        let places = try Row.fetchAll(db, sql: "SELECT place, through FROM places")
        for row in places { state.places[row[0]] = UInt64(bitPattern: row[1]) }
        state.answers = try answers(db)
        try set("boot", boot, db)
        try set("closed", 0, db)
        try set("durability", durability.rawValue, db)
        return state
    }

    /// Marks the file as closed in good order.
    func end(_ db: Database) throws { try set("closed", 1, db) }

    /// Whether the machine was started anew since the file was written to, without its having been closed, and without
    /// each write having waited for the disk.
    private func hasLostPower(_ boot: String, _ db: Database) throws -> Bool {
        let before = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'boot'")
        let closed = try Int.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'closed'")
        let durability = try String.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'durability'")
        return before != boot && closed != 1 && durability != Store.Durability.full.rawValue
    }

    private func set(_ name: String, _ value: some DatabaseValueConvertible, _ db: Database) throws {
        try db.execute(sql: "INSERT OR REPLACE INTO meta VALUES (?, ?)", arguments: [name, value])
    }

    private func channels(_ db: Database) throws -> [ArchiveBatch.Channel] {
        let rows = try Row.fetchAll(db, sql: "SELECT name, evicted_through, ended_at FROM channels")
        return try rows.map { row in
            guard let text = String.fromDatabaseValue(row[0]), let name = try? ChannelName(text),
                let through = Int64.fromDatabaseValue(row[1])
            else { throw StoreError("the file is damaged: a channel has no valid name") }
            return ArchiveBatch.Channel(
                name: name, evictedThrough: UInt64(bitPattern: through),
                endedAt: Int64.fromDatabaseValue(row[2]).map { UInt64(bitPattern: $0) })
        }
    }

    private func answers(_ db: Database) throws -> [StoredAnswer] {
        let rows = try Row.fetchAll(
            db,
            sql: "SELECT key, fingerprint, time, count, first, last, channels, subscribers FROM answers ORDER BY time")
        return rows.compactMap { row in
            guard let text = String.fromDatabaseValue(row[0]), let key = IdempotencyKey(Array(text.utf8)),
                let fingerprint = Int64.fromDatabaseValue(row[1]), let time = Int64.fromDatabaseValue(row[2])
            else { return nil }
            let names = (String.fromDatabaseValue(row[6]) ?? "").split(separator: "\n")
            return StoredAnswer(
                Idempotency(key: key, fingerprint: UInt64(bitPattern: fingerprint)), time: UInt64(bitPattern: time),
                count: row[3], first: row[4], last: row[5], channels: names.compactMap { try? ChannelName(String($0)) },
                subscribers: row[7])
        }
    }
}
