import Broadcasting
import EventStreams
import GRDB

/// Reads the file when the daemon starts.
struct Restorer {
    private let db: Database
    private let names: [Int64: ChannelName]

    init(_ db: Database) throws {
        self.db = db
        names = Dictionary(uniqueKeysWithValues: try StoredChannel.all(db).map { ($0.id, $0.channel.name) })
    }

    /// Gives the hub every event, the newest with their bytes. All are read and checked: what is told of a gap depends on
    /// knowing what there is.
    ///
    /// - Parameter memory: how many bytes of events stay in memory.
    /// - Returns: the rows of events that are not as they were written.
    func restore(into hub: Hub, memory: Int) throws -> [Int64] {
        let hot = try firstInMemory(memory)
        var damaged: [Int64] = []
        let rows = try Row.fetchCursor(
            db, sql: "SELECT \(StoredRow.columns) FROM events ORDER BY sequence")
        while let row = try rows.next() {
            guard let stored = StoredRow(row), let channels = channels(stored) else {
                damaged.append(row.integer(0) ?? 0)
                continue
            }
            let event = StoredEvent(
                sequence: stored.sequence, time: stored.time, size: stored.wire.count,
                labels: stored.labels, channels: channels)
            hub.restore(event, stored.sequence >= hot ? stored.frame : nil)
        }
        return damaged
    }

    /// The number from which on events fit into memory.
    private func firstInMemory(_ memory: Int) throws -> UInt64 {
        var left = memory
        var first = UInt64.max
        let rows = try Row.fetchCursor(db, sql: "SELECT sequence, length(wire) FROM events ORDER BY sequence DESC")
        while let row = try rows.next() {
            guard let sequence = row.integer(0), let size = row.integer(1) else { continue }
            left -= Int(size)
            guard left >= 0 else { break }
            first = UInt64(bitPattern: sequence)
        }
        return first
    }

    /// Those that still know the event; nil when what the row says cannot be: an event goes with the last of them.
    private func channels(_ row: StoredRow) -> [ChannelName]? {
        var ids = [row.channel]
        for part in row.others?.split(separator: " ") ?? [] {
            guard let id = Int64(part) else { return nil }
            ids.append(id)
        }
        let known = ids.compactMap { names[$0] }
        return known.isEmpty ? nil : known
    }
}
