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
        let boot = Machine.bootID
        guard let epoch = try value("epoch", db) else {
            guard try Int.fetchOne(db, sql: "SELECT count(*) FROM events") == 0 else {
                throw StoreError.damaged("it does not say where its events are from")
            }
            let epoch = Epoch.random()
            try set("epoch", epoch.description, db)
            try mark(boot, db)
            return StoredState(epoch: epoch)
        }
        guard let epoch = epoch.text(0), (1...32).contains(epoch.utf8.count),
            epoch.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) })
        else { throw StoreError.damaged("its epoch is none") }
        var state = StoredState(epoch: Epoch(description: epoch))
        state.head = max(try number("head", db), try newest(db))
        state.uncertainThrough = try number("broken", db)
        // No log gets that far; adding to it must not overflow.
        guard state.head < 1 << 62, state.uncertainThrough <= state.head else {
            throw StoreError.damaged("its numbers cannot be")
        }
        if try hasLostPower(boot, db) {
            state.head += Self.leap
            state.uncertainThrough = state.head
            try set("head", Int64(state.head), db)
            try set("broken", Int64(state.head), db)
        }
        state.channels = try StoredChannel.all(db).map(\.channel)
        // Numbers that were given once are not given again.
        guard state.channels.allSatisfy({ $0.evictedThrough <= state.head }) else {
            throw StoreError.damaged("it knows of events after the last")
        }
        let places = try Row.fetchCursor(db, sql: "SELECT place, through, checksum FROM places")
        while let row = try places.next() {
            guard let place = row.number(0), let through = row.number(1), through <= state.head,
                StableHash.checksum([place, through]) == row.integer(2)
            else {
                throw StoreError.damaged("what it says of forgotten channels is not what was written")
            }
            state.removedSlots[Int(place)] = through
        }
        state.answers = try answers(db)
        try mark(boot, db)
        return state
    }

    /// Notes that some of what was held is not known any more: whoever comes back is told.
    func doubt(_ head: UInt64, _ db: Database) throws { try set("broken", Int64(head), db) }

    private func mark(_ boot: String, _ db: Database) throws {
        try set("boot", boot, db)
        try set("closed", 0, db)
        try set("durability", durability.rawValue, db)
    }

    private func value(_ name: String, _ db: Database) throws -> Row? {
        try Row.fetchOne(db, sql: "SELECT value FROM meta WHERE name = ?", arguments: [name])
    }

    private func number(_ name: String, _ db: Database) throws -> UInt64 {
        guard let value = try value(name, db) else { return 0 }
        guard let number = value.number(0) else { throw StoreError.damaged("its \(name) is no number") }
        return number
    }

    private func newest(_ db: Database) throws -> UInt64 {
        let row = try Row.fetchOne(db, sql: "SELECT max(sequence) FROM events")
        return row?.number(0) ?? 0
    }

    /// Marks the file as closed in good order.
    func end(_ db: Database) throws { try set("closed", 1, db) }

    /// Whether the machine was started anew since the file was written to, without its having been closed, and without
    /// each write having waited for the disk.
    private func hasLostPower(_ boot: String, _ db: Database) throws -> Bool {
        let before = try value("boot", db)?.text(0)
        let closed = try value("closed", db)?.integer(0)
        let durability = try value("durability", db)?.text(0)
        return before != boot && closed != 1 && durability != Store.Durability.full.rawValue
    }

    private func set(_ name: String, _ value: some DatabaseValueConvertible, _ db: Database) throws {
        try db.execute(sql: "INSERT OR REPLACE INTO meta VALUES (?, ?)", arguments: [name, value])
    }

    /// An answer that cannot be read is left out: its publisher may then publish twice, which is better than not at all.
    private func answers(_ db: Database) throws -> [StoredAnswer] {
        try Row.fetchAll(db, sql: "SELECT \(StoredAnswer.columns) FROM answers ORDER BY time")
            .compactMap(StoredAnswer.init)
    }
}
