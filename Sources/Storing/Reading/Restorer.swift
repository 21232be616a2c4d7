import Broadcasting
import EventStreams
import GRDB

/// Loads the events of the file when the daemon starts.
struct Restorer {
    private let db: Database
    private let names: [Int64: ChannelName]

    init(_ db: Database) throws {
        self.db = db
        names = Dictionary(uniqueKeysWithValues: try ChannelRow.all(db).map { ($0.id, $0.channel.name) })
    }

    /// Passes every event to the hub, the newest ones with their bytes. It reads and checks all of them, because the
    /// hub's gap events depend on which events exist.
    ///
    /// - Parameter memory: the most bytes of events to keep in memory.
    /// - Returns: the row numbers of damaged events.
    func restore(into hub: Hub, memory: Int) throws -> [Int64] {
        let hot = try firstInMemory(memory)
        var damaged: [Int64] = []
        let rows = try Row.fetchCursor(
            db, sql: "SELECT \(EventRow.columns) FROM events ORDER BY sequence")
        while let row = try rows.next() {
            guard let stored = EventRow(row), let channels = channels(stored) else {
                damaged.append(row.integer(0) ?? 0)
                continue
            }
            let event = StoredEvent(
                sequence: stored.sequence, time: stored.time, size: stored.wire.count,
                labels: stored.labels, channels: channels)
            hub.restore(event, stored.sequence >= hot ? stored.frame(channels) : nil)
        }
        return damaged
    }

    /// The number of the first event that fits into memory.
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

    /// The channels that still retain the event; nil when the row cannot be valid, since the last channel deletes the
    /// event with itself.
    private func channels(_ row: EventRow) -> [ChannelName]? {
        guard let known = row.channelRows?.compactMap({ names[$0] }), !known.isEmpty else { return nil }
        return known
    }
}
