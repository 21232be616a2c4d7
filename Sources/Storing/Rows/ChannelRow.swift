import Broadcasting
import GRDB

/// One row of the table of channels.
struct ChannelRow {
    let id: Int64
    let channel: ArchivedChannel

    /// Detects damage to the row. With a wrong name or number, its events would go to the subscribers of another
    /// channel.
    var checksum: Int64 {
        var hash = StableHash()
        hash.add(UInt64(bitPattern: id))
        hash.add(channel.name.description)
        hash.add(channel.evictedThrough)
        hash.add(channel.endedAt.map(String.init) ?? "")
        return Int64(bitPattern: hash.value)
    }

    init(id: Int64, _ channel: ArchivedChannel) {
        self.id = id
        self.channel = channel
    }

    private init(_ row: Row) throws {
        guard let id = row.integer(0), let name = row.channelName(1), let through = row.number(2) else {
            throw StoreError.damaged("a row of a channel cannot be valid")
        }
        self.init(id: id, ArchivedChannel(name: name, evictedThrough: through, endedAt: row.number(3)))
        guard checksum == row.integer(4) else {
            throw StoreError.damaged("the row of channel \(name) has a wrong checksum")
        }
    }

    /// All rows of the table.
    static func all(_ db: Database) throws -> [ChannelRow] {
        var channels: [ChannelRow] = []
        let rows = try Row.fetchCursor(db, sql: "SELECT id, name, evicted_through, ended_at, checksum FROM channels")
        while let row = try rows.next() { channels.append(try ChannelRow(row)) }
        return channels
    }
}
