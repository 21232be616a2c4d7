import Broadcasting
import EventStreams
import GRDB
import Kernel

/// Loads the events of the file when the daemon starts.
struct Restorer {
    private let db: Database
    private let names: [Int64: ChannelName]
    /// Up to here, the file may have events whose channels are gone: the archive deletes a channel at once and its events
    /// some batches later, and the process may end in between.
    private let undeletedThrough: UInt64
    /// Somebody may have set the machine's clock back since: an event from the future would not expire for as long.
    private let now = Clock.steady

    init(_ db: Database) throws {
        self.db = db
        undeletedThrough = try UInt64.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'undeleted'") ?? 0
        names = Dictionary(uniqueKeysWithValues: try ChannelRow.all(db).map { ($0.id, $0.channel.name) })
    }

    /// Passes every event to the hub, the newest ones with their bytes. It reads and checks all of them, because the
    /// hub's gap events depend on which events exist.
    ///
    /// - Parameters:
    ///   - memory: the most bytes of events to keep in memory.
    ///   - progress: called after every ten thousand events.
    /// - Returns: the row numbers of damaged events, and of events that were still to be deleted.
    func restore(into hub: Hub, memory: Int, progress: () -> Void) throws -> (damaged: [Int64], undeleted: [Int64]) {
        let hot = try firstInMemory(memory)
        var (damaged, undeleted): ([Int64], [Int64]) = ([], [])
        let rows = try Row.fetchCursor(
            db, sql: "SELECT \(EventRow.columns) FROM events ORDER BY sequence")
        var count = 0
        while let row = try rows.next() {
            count += 1
            if count.isMultiple(of: 10_000) { progress() }
            guard let stored = EventRow(row), let channelRows = stored.channelRows else {
                damaged.append(row.integer(0) ?? 0)
                continue
            }
            let channels = channelRows.compactMap { names[$0] }
            guard !channels.isEmpty else {
                let row = Int64(stored.sequence)
                if stored.sequence <= undeletedThrough { undeleted.append(row) } else { damaged.append(row) }
                continue
            }
            let event = StoredEvent(
                sequence: stored.sequence, time: min(stored.time, now), size: stored.wire.count,
                labels: stored.labels, channels: channels)
            hub.restore(event, stored.sequence >= hot ? stored.frame(channels) : nil)
        }
        return (damaged, undeleted)
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
}
