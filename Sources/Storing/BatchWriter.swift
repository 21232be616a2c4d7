import Broadcasting
import EventStreams
import Foundation
import GRDB

/// Writes what the hub wants to be kept: a batch is a transaction.
final class BatchWriter {
    private let queue: DatabaseQueue
    /// The rows of the channels that are known.
    private var channels: [ChannelName: Int64]

    init(_ queue: DatabaseQueue, channels: [ChannelName: Int64]) {
        self.queue = queue
        self.channels = channels
    }

    /// Writes all of a batch or nothing.
    func write(_ batch: ArchiveBatch) throws(StoreError) {
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
        if !batch.forgotten.isEmpty {
            let forget = try db.cachedStatement(sql: "DELETE FROM channels WHERE name = ?")
            for name in batch.forgotten {
                known[name] = nil
                try forget.execute(arguments: [name.description])
            }
        }
        if !batch.places.isEmpty {
            let place = try db.cachedStatement(sql: "INSERT OR REPLACE INTO places VALUES (?, ?)")
            for (index, through) in batch.places { try place.execute(arguments: [index, Int64(through)]) }
        }
        try write(batch.channels, db, &known)
        try add(batch.additions, db, &known)
        try remove(batch.evicted, db)
        try write(batch.answers, batch.expired, db)
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO meta VALUES ('head', ?)")
            .execute(arguments: [Int64(batch.head)])
    }

    private func write(
        _ changed: [ArchiveBatch.Channel], _ db: Database, _ known: inout [ChannelName: Int64]
    ) throws {
        guard !changed.isEmpty else { return }
        let update = try db.cachedStatement(
            sql: "UPDATE channels SET evicted_through = ?, ended_at = ? WHERE id = ?")
        for channel in changed {
            let row = try row(of: channel.name, db, &known)
            update.setUncheckedArguments([Int64(channel.evictedThrough), channel.endedAt.map { Int64($0) }, row])
            try update.execute()
        }
    }

    private func row(of name: ChannelName, _ db: Database, _ known: inout [ChannelName: Int64]) throws -> Int64 {
        if let row = known[name] { return row }
        try db.cachedStatement(sql: "INSERT INTO channels (name, evicted_through) VALUES (?, 0)")
            .execute(arguments: [name.description])
        known[name] = db.lastInsertedRowID
        return db.lastInsertedRowID
    }

    private func add(
        _ additions: [ArchiveBatch.Addition], _ db: Database, _ known: inout [ChannelName: Int64]
    ) throws {
        guard !additions.isEmpty else { return }
        let insert = try db.cachedStatement(
            sql: "INSERT INTO events (\(StoredRow.columns), id, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        for addition in additions {
            var rows: [Int64] = []
            for name in addition.channels { rows.append(try row(of: name, db, &known)) }
            let others = rows.count > 1 ? rows.dropFirst().map(String.init).joined(separator: " ") : nil
            let frame = addition.frame
            let row = StoredRow(
                sequence: frame.sequence, time: frame.time, channel: rows[0], others: others,
                wire: unsafe Array(frame.bytes))
            insert.setUncheckedArguments([
                Int64(row.sequence), Int64(row.time), row.channel, row.others, row.checksum,
                Data(row.wire), addition.labels?.id?.description,
                addition.labels?.key?.description,
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
        let insert = try db.cachedStatement(sql: "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        for answer in answers {
            let receipt = answer.receipt
            try insert.execute(arguments: [
                answer.idempotency.key.description, Int64(bitPattern: answer.idempotency.fingerprint),
                Int64(answer.time), receipt.count, receipt.first, receipt.last,
                // A name has no control character.
                receipt.channels.map(\.description).joined(separator: "\n"), receipt.subscribers,
            ])
        }
    }
}
