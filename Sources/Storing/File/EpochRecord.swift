import Broadcasting
import GRDB
import Kernel

/// The table `meta`: the epochs and the last number of the log, and how the last process ended.
struct EpochRecord {
    private let durability: Store.Durability

    init(_ durability: Store.Durability) {
        self.durability = durability
    }

    /// Numbers to skip after a power loss that may have lost events. A client may have received one of those numbers,
    /// and must not take another event for it.
    private static let skippedNumbers: UInt64 = 1 << 32

    /// Reads the state that the log continues from, begins a new epoch, and marks the file as in use.
    func load(_ db: Database) throws -> StoredState {
        let boot = Machine.bootID
        guard let epoch = try value("epoch", db) else {
            guard try Int.fetchOne(db, sql: "SELECT count(*) FROM events") == 0 else {
                throw StoreError.damaged("it has events but no epoch")
            }
            let epochs = Epochs(.random())
            try set(epochs, db)
            try markInUse(boot, db)
            return StoredState(epochs: epochs)
        }
        guard let epoch = epoch.text(0).flatMap(Self.epoch) else { throw StoreError.damaged("its epoch is invalid") }
        var state = StoredState(epochs: Epochs(epoch))
        state.head = max(try number("head", db), try newest(db))
        state.uncertainThrough = try number("broken", db)
        // No log reaches 2^62; beyond it, adding could overflow.
        guard state.head < 1 << 62, state.uncertainThrough <= state.head else {
            throw StoreError.damaged("its numbers cannot be valid")
        }
        if try hasLostPower(boot, db) {
            state.head += Self.skippedNumbers
            state.uncertainThrough = state.head
            try set("head", Int64(state.head), db)
            try set("broken", Int64(state.head), db)
        }
        state.lastEpoch = epoch
        state.epochs = try epochs(after: epoch, head: state.head, db)
        try set(state.epochs, db)
        state.channels = try ChannelRow.all(db).map(\.channel)
        // Somebody may have set the machine's clock back since.
        let now = Clock.steady
        for index in state.channels.indices {
            state.channels[index].endedAt = state.channels[index].endedAt.map { min($0, now) }
        }
        // Otherwise the log would assign numbers a second time.
        guard state.channels.allSatisfy({ $0.evictedThrough <= state.head }) else {
            throw StoreError.damaged("a channel has events after the last number")
        }
        let places = try Row.fetchCursor(db, sql: "SELECT place, through, checksum FROM places")
        while let row = try places.next() {
            guard let place = row.number(0), let through = row.number(1), through <= state.head,
                StableHash.checksum([place, through]) == row.integer(2)
            else {
                throw StoreError.damaged("a row of forgotten channels has a wrong checksum")
            }
            state.removedSlots[Int(place)] = through
        }
        state.answers = try answers(db)
        try markInUse(boot, db)
        return state
    }

    /// Marks the history up to a number as uncertain: a client that resumes from there gets a gap event. The row keeps
    /// the name `broken` of the file format.
    func markUncertain(through number: UInt64, _ db: Database) throws { try set("broken", Int64(number), db) }

    // MARK: Epochs

    /// How the names of rows with earlier epochs begin. The value is the number of the first event.
    private static let prefix = "epoch/"

    /// The epochs of the file, and a new one.
    ///
    /// - Parameter last: the epoch of the last process. Files of before crier remembered epochs have only this one.
    private func epochs(after last: Epoch, head: UInt64, _ db: Database) throws -> Epochs {
        var past: [Epochs.Beginning] = []
        let rows = try Row.fetchCursor(
            db, sql: "SELECT value, substr(name, ?) FROM meta WHERE name GLOB ?",
            arguments: [Self.prefix.utf8.count + 1, Self.prefix + "*"])
        while let row = try rows.next() {
            guard let first = row.number(0), (1...head + 1).contains(first), let epoch = row.text(1).flatMap(Self.epoch)
            else {
                throw StoreError.damaged("an epoch is invalid")
            }
            past.append(Epochs.Beginning(epoch, first: first))
        }
        if !past.contains(where: { $0.epoch == last }) { past.append(Epochs.Beginning(last, first: 1)) }
        return Epochs(Epochs.Beginning(.random(), first: head + 1), past: past.sorted { $0.first < $1.first })
    }

    private func set(_ epochs: Epochs, _ db: Database) throws {
        try db.execute(sql: "DELETE FROM meta WHERE name GLOB ?", arguments: [Self.prefix + "*"])
        for beginning in epochs.all { try set(Self.prefix + beginning.epoch.description, Int64(beginning.first), db) }
        try set("epoch", epochs.current.description, db)
    }

    private static func epoch(_ text: String) -> Epoch? {
        let isValid =
            (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
        return isValid ? Epoch(description: text) : nil
    }

    // MARK: Values

    private func markInUse(_ boot: String, _ db: Database) throws {
        try set("boot", boot, db)
        try set("closed", 0, db)
        try set("durability", durability.rawValue, db)
    }

    private func value(_ name: String, _ db: Database) throws -> Row? {
        try Row.fetchOne(db, sql: "SELECT value FROM meta WHERE name = ?", arguments: [name])
    }

    private func number(_ name: String, _ db: Database) throws -> UInt64 {
        guard let value = try value(name, db) else { return 0 }
        guard let number = value.number(0) else { throw StoreError.damaged("its \(name) is not a number") }
        return number
    }

    private func newest(_ db: Database) throws -> UInt64 {
        let row = try Row.fetchOne(db, sql: "SELECT max(sequence) FROM events")
        return row?.number(0) ?? 0
    }

    /// Marks the file as closed properly.
    func markClosed(_ db: Database) throws { try set("closed", 1, db) }

    /// Whether the machine has rebooted while the file was open and writes did not wait for the disk. Then the last
    /// writes may be lost.
    private func hasLostPower(_ boot: String, _ db: Database) throws -> Bool {
        let before = try value("boot", db)?.text(0)
        let closed = try value("closed", db)?.integer(0)
        let durability = try value("durability", db)?.text(0)
        return before != boot && closed != 1 && durability != Store.Durability.full.rawValue
    }

    private func set(_ name: String, _ value: some DatabaseValueConvertible, _ db: Database) throws {
        try db.execute(sql: "INSERT OR REPLACE INTO meta VALUES (?, ?)", arguments: [name, value])
    }

    /// Drops damaged answers: a publisher that retries may then publish twice, which is better than not at all.
    private func answers(_ db: Database) throws -> [StoredAnswer] {
        let now = Clock.steady
        return try Row.fetchAll(db, sql: "SELECT \(StoredAnswer.columns) FROM answers ORDER BY time")
            .compactMap(StoredAnswer.init).map { answer in
                var answer = answer
                answer.time = min(answer.time, now)
                return answer
            }
    }
}
