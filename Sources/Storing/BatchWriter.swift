import Broadcasting
import EventStreams
import Foundation
import GRDB
import Kernel

/// A file that the database has open.
struct OpenFile {
    private let path: String
    private let identity: FileIdentity?

    init(_ path: String) {
        self.path = path
        identity = FileIdentity(path: path)
    }

    /// Whether its path still leads to it.
    var isThere: Bool { FileIdentity(path: path) == identity }
}

/// Writes what the hub wants to be kept: a batch is a transaction.
final class BatchWriter {
    private let queue: DatabaseQueue
    private let files: [OpenFile]
    /// The rows of the channels that are known.
    private var channels: [ChannelName: Int64]

    init(_ queue: DatabaseQueue, files: [OpenFile], channels: [StoredChannel]) {
        self.queue = queue
        self.files = files
        self.channels = Dictionary(channels.map { ($0.channel.name, $0.id) }, uniquingKeysWith: { first, _ in first })
    }

    /// Writes all of a batch or nothing.
    func write(_ batch: ArchiveBatch) throws(StoreError) {
        // SQLite goes on writing to a file that has no name any more; nothing of that would be there after a restart.
        guard files.allSatisfy(\.isThere) else {
            throw StoreError("the file, or its -wal, was removed or replaced while it was in use; start crier again")
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
        // Many channels have gone: a dictionary does not shrink by itself.
        if channels.capacity > 4 * max(channels.count, 4096) {
            channels = Dictionary(uniqueKeysWithValues: channels.map { ($0.key, $0.value) })
        }
    }

    private func write(_ batch: ArchiveBatch, _ db: Database, _ known: inout [ChannelName: Int64]) throws {
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
        try remove(batch.evicted, db)
        try write(batch.answers, batch.expired, db)
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO meta VALUES ('head', ?)")
            .execute(arguments: [Int64(batch.head)])
    }

    private func write(
        _ changed: [ArchivedChannel], _ db: Database, _ known: inout [ChannelName: Int64]
    ) throws {
        guard !changed.isEmpty else { return }
        for channel in changed {
            let row = try row(of: channel.name, db, &known)
            try update(StoredChannel(id: row, channel), db)
        }
    }

    private func update(_ stored: StoredChannel, _ db: Database) throws {
        let update = try db.cachedStatement(
            sql: "UPDATE channels SET evicted_through = ?, ended_at = ?, checksum = ? WHERE id = ?")
        update.setUncheckedArguments([
            Int64(stored.channel.evictedThrough), stored.channel.endedAt.map { Int64($0) }, stored.checksum, stored.id,
        ])
        try update.execute()
    }

    private func row(of name: ChannelName, _ db: Database, _ known: inout [ChannelName: Int64]) throws -> Int64 {
        if let row = known[name] { return row }
        try db.cachedStatement(sql: "INSERT INTO channels (name, evicted_through, checksum) VALUES (?, 0, 0)")
            .execute(arguments: [name.description])
        let row = db.lastInsertedRowID
        known[name] = row
        // Only now is it known by which number.
        try update(StoredChannel(id: row, ArchivedChannel(name: name, evictedThrough: 0, endedAt: nil)), db)
        return row
    }

    private func add(
        _ additions: [ArchiveBatch.Addition], _ db: Database, _ known: inout [ChannelName: Int64]
    ) throws {
        guard !additions.isEmpty else { return }
        let insert = try db.cachedStatement(
            sql: "INSERT INTO events (\(StoredRow.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        for addition in additions {
            var rows: [Int64] = []
            for name in addition.channels { rows.append(try row(of: name, db, &known)) }
            let others = rows.count > 1 ? rows.dropFirst().map(String.init).joined(separator: " ") : nil
            let frame = addition.frame
            let row = StoredRow(
                sequence: frame.sequence, time: frame.time, channel: rows[0], others: others,
                labels: addition.labels, wire: unsafe Array(frame.bytes))
            insert.setUncheckedArguments([
                Int64(row.sequence), Int64(row.time), row.channel, row.others, row.id, row.key, row.checksum,
                Data(row.wire),
            ])
            try insert.execute()
        }
    }

    /// Events go in the order in which they came, so that most of them are neighbours.
    private func remove(_ evicted: [UInt64], _ db: Database) throws {
        guard !evicted.isEmpty else { return }
        let delete = try db.cachedStatement(sql: "DELETE FROM events WHERE sequence BETWEEN ? AND ?")
        var first = evicted[0]
        var last = first
        for sequence in evicted.dropFirst() {
            if sequence == last + 1 {
                last = sequence
                continue
            }
            delete.setUncheckedArguments([Int64(first), Int64(last)])
            try delete.execute()
            (first, last) = (sequence, sequence)
        }
        delete.setUncheckedArguments([Int64(first), Int64(last)])
        try delete.execute()
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
