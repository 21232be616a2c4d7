import Broadcasting
import EventStreams
import Foundation
import GRDB
import Logging

/// Reads the file when the daemon starts.
struct Restorer {
    private let db: Database
    private let log: Logger
    private let names: [Int64: ChannelName]

    init(_ db: Database, _ log: Logger) throws {
        self.db = db
        self.log = log
        names = Dictionary(uniqueKeysWithValues: try Self.channels(db).map { ($1, $0) })
    }

    /// The rows of the channels.
    static func channels(_ db: Database) throws -> [ChannelName: Int64] {
        var channels: [ChannelName: Int64] = [:]
        let rows = try Row.fetchCursor(db, sql: "SELECT id, name FROM channels")
        while let row = try rows.next() {
            guard let id = Int64.fromDatabaseValue(row[0]), let text = String.fromDatabaseValue(row[1]),
                let name = try? ChannelName(text)
            else { throw StoreError("the file is damaged: a channel has no valid name") }
            channels[name] = id
        }
        return channels
    }

    func restore(into hub: Hub, memory: Int) throws {
        let hot = try firstInMemory(memory)
        try restore(
            hub, "SELECT sequence, time, channel, others, id, key, length(wire) FROM events WHERE sequence < ?", hot
        ) { _ in .some(nil) }
        try restore(
            hub,
            "SELECT sequence, time, channel, others, id, key, length(wire), checksum, wire FROM events "
                + "WHERE sequence >= ?", hot
        ) { row in
            let wire = Data.fromDatabaseValue(row[8]).map(Array.init) ?? []
            let stored = StoredRow(
                sequence: UInt64(bitPattern: row[0]), time: UInt64(bitPattern: row[1]), channel: row[2],
                others: String.fromDatabaseValue(row[3]), wire: wire)
            guard stored.checksum == Int64.fromDatabaseValue(row[7]) else { return .none }
            return .some(stored.frame)
        }
    }

    /// The number from which on events fit into memory.
    private func firstInMemory(_ memory: Int) throws -> UInt64 {
        var left = memory
        var first = UInt64(Int64.max)
        let rows = try Row.fetchCursor(db, sql: "SELECT sequence, length(wire) FROM events ORDER BY sequence DESC")
        while let row = try rows.next() {
            guard let sequence = Int64.fromDatabaseValue(row[0]), let size = Int.fromDatabaseValue(row[1]) else {
                continue
            }
            left -= size
            guard left >= 0 else { break }
            first = UInt64(bitPattern: sequence)
        }
        return first
    }

    /// - Parameter frame: the bytes, `.some(nil)` when they stay on disk; nil when the row is damaged.
    private func restore(_ hub: Hub, _ sql: String, _ hot: UInt64, _ frame: (Row) -> Frame??) throws {
        let rows = try Row.fetchCursor(db, sql: sql + " ORDER BY sequence", arguments: [Int64(bitPattern: hot)])
        while let row = try rows.next() {
            guard let event = event(row), let frame = frame(row) else {
                log.error(
                    "an event cannot be read back; subscribers are told",
                    metadata: ["sequence": "\(row[0] as Int64? ?? 0)"])
                if let sequence = Int64.fromDatabaseValue(row[0]) { lose(UInt64(bitPattern: sequence), row, hub) }
                continue
            }
            hub.restore(event, frame)
        }
    }

    /// A damaged event is held and then lost: so its channels know what to tell.
    private func lose(_ sequence: UInt64, _ row: Row, _ hub: Hub) {
        guard let event = event(row) else { return }
        hub.restore(event, nil)
        hub.lose(sequence)
    }

    private func event(_ row: Row) -> StoredEvent? {
        guard let sequence = Int64.fromDatabaseValue(row[0]), let time = Int64.fromDatabaseValue(row[1]),
            let channel = Int64.fromDatabaseValue(row[2]), let size = Int.fromDatabaseValue(row[6])
        else { return nil }
        var channels = [names[channel]].compactMap { $0 }
        if let others = String.fromDatabaseValue(row[3]) {
            channels += others.split(separator: " ").compactMap { Int64($0) }.compactMap { names[$0] }
        }
        let id = String.fromDatabaseValue(row[4]).flatMap { try? EventID($0) }
        let key = String.fromDatabaseValue(row[5]).flatMap { try? EventKey(utf8: $0.utf8) }
        return StoredEvent(
            sequence: UInt64(bitPattern: sequence), time: UInt64(bitPattern: time), size: size,
            labels: EventLabels(id: id, key: key), channels: channels)
    }
}
