import Broadcasting
import EventStreams
import GRDB
import HashTreeCollections

/// Writes the hub's batches to the file, each in one transaction.
final class BatchWriter {
    private let queue: DatabaseQueue
    private let files: [OpenFile]
    /// The row number of each channel in the file.
    ///
    /// A tree: a batch that adds a channel changes a copy of it, which must not cost a copy of every name.
    private var channels: TreeDictionary<ChannelName, Int64>
    /// What the file has of ``ArchiveBatch/undeletedThrough``; nil before the first batch.
    private var undeletedThrough: UInt64?

    init(_ queue: DatabaseQueue, files: [OpenFile], channels: [ChannelRow]) {
        self.queue = queue
        self.files = files
        self.channels = TreeDictionary(
            channels.map { ($0.channel.name, $0.id) }, uniquingKeysWith: { first, _ in first })
    }

    /// Writes a batch completely or not at all.
    func write(_ batch: ArchiveBatch) throws(StoreError) {
        // SQLite continues to write to a deleted file, and a restart would lose all of it.
        guard files.allSatisfy(\.isInPlace) else {
            throw StoreError("the file, or its -wal, was removed or replaced while it was in use; restart crier")
        }
        var known = channels
        do {
            try queue.writeWithoutTransaction { db in
                try db.inTransaction(.immediate) {
                    try write(batch, db, &known)
                    return .commit
                }
            }
        } catch {
            throw StoreError(error)
        }
        channels = known
        undeletedThrough = batch.undeletedThrough
    }

    private func write(_ batch: ArchiveBatch, _ db: Database, _ known: inout TreeDictionary<ChannelName, Int64>) throws
    {
        if !batch.removed.isEmpty {
            let forget = try db.cachedStatement(sql: "DELETE FROM channels WHERE name = ?")
            for name in batch.removed {
                known[name] = nil
                try forget.execute(arguments: [name.description])
            }
        }
        if !batch.removedSlots.isEmpty {
            let place = try db.cachedStatement(sql: "INSERT OR REPLACE INTO places VALUES (?, ?, ?)")
            for (index, through) in batch.removedSlots {
                try place.execute(arguments: [index, Int64(through), StableHash.checksum([UInt64(index), through])])
            }
        }
        try write(batch.channels, db, &known)
        try add(batch.additions, db, &known)
        try Self.delete(batch.evicted.map { Int64($0) }, db)
        try write(batch.answers, batch.expired, db)
        let set = try db.cachedStatement(sql: "INSERT OR REPLACE INTO meta VALUES (?, ?)")
        try set.execute(arguments: ["head", Int64(batch.head)])
        if batch.undeletedThrough != undeletedThrough {
            try set.execute(arguments: ["undeleted", Int64(batch.undeletedThrough)])
        }
    }

    private func write(
        _ changed: [ArchivedChannel], _ db: Database, _ known: inout TreeDictionary<ChannelName, Int64>
    ) throws {
        guard !changed.isEmpty else { return }
        for channel in changed {
            let row = try row(of: channel.name, db, &known)
            try update(ChannelRow(id: row, channel), db)
        }
    }

    private func update(_ stored: ChannelRow, _ db: Database) throws {
        let update = try db.cachedStatement(
            sql: "UPDATE channels SET evicted_through = ?, ended_at = ?, checksum = ? WHERE id = ?")
        update.setUncheckedArguments([
            Int64(stored.channel.evictedThrough), stored.channel.endedAt.map { Int64($0) }, stored.checksum, stored.id,
        ])
        try update.execute()
    }

    private func row(of name: ChannelName, _ db: Database, _ known: inout TreeDictionary<ChannelName, Int64>) throws
        -> Int64
    {
        if let row = known[name] { return row }
        try db.cachedStatement(sql: "INSERT INTO channels (name, evicted_through, checksum) VALUES (?, 0, 0)")
            .execute(arguments: [name.description])
        let row = db.lastInsertedRowID
        known[name] = row
        // The checksum includes the row number, which exists only now.
        try update(ChannelRow(id: row, ArchivedChannel(name: name, evictedThrough: 0, endedAt: nil)), db)
        return row
    }

    private func add(
        _ additions: [ArchiveBatch.Addition], _ db: Database, _ known: inout TreeDictionary<ChannelName, Int64>
    ) throws {
        guard !additions.isEmpty else { return }
        let insert = try EventInsert(db)
        // The next event often has the same channels.
        var channels: [ChannelName] = []
        var (row, others): (Int64, String?) = (0, nil)
        for addition in additions {
            if addition.frame.channels != channels {
                channels = addition.frame.channels
                row = try self.row(of: channels[0], db, &known)
                others = try channels.count == 1 ? nil : self.others(channels.dropFirst(), db, &known)
            }
            try insert.add(addition.frame, addition.labels, channel: row, others: others)
        }
    }

    /// See ``EventRow/others``.
    private func others(
        _ channels: ArraySlice<ChannelName>, _ db: Database, _ known: inout TreeDictionary<ChannelName, Int64>
    ) throws -> String {
        try channels.map { try row(of: $0, db, &known).description }.joined(separator: " ")
    }

    /// Deletes the rows of events. It deletes ranges: the log evicts events in order, so most numbers are consecutive.
    static func delete(_ rows: [Int64], _ db: Database) throws {
        guard !rows.isEmpty else { return }
        let delete = try db.cachedStatement(sql: "DELETE FROM events WHERE sequence BETWEEN ? AND ?")
        var first = rows[0]
        var last = first
        for row in rows.dropFirst() {
            if row == last &+ 1 {
                last = row
                continue
            }
            try delete.execute(arguments: [first, last])
            (first, last) = (row, row)
        }
        try delete.execute(arguments: [first, last])
    }

    private func write(_ answers: [StoredAnswer], _ expired: [IdempotencyKey], _ db: Database) throws {
        if !expired.isEmpty {
            let forget = try db.cachedStatement(sql: "DELETE FROM answers WHERE key = ?")
            for key in expired { try forget.execute(arguments: [key.description]) }
        }
        guard !answers.isEmpty else { return }
        let insert = try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO answers (\(StoredAnswer.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        for answer in answers { try insert.execute(arguments: StatementArguments(answer.values)) }
    }
}
