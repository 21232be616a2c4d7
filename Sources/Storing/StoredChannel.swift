import Broadcasting
import GRDB

/// One row of the table of channels.
struct StoredChannel {
    let id: Int64
    let channel: ArchivedChannel

    /// Tells whether the row is read back as it was written: with another name, or number, its events would go to the
    /// subscribers of another channel.
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
            throw StoreError.damaged("what it says of a channel cannot be")
        }
        self.init(id: id, ArchivedChannel(name: name, evictedThrough: through, endedAt: row.number(3)))
        guard checksum == row.integer(4) else {
            throw StoreError.damaged("what it says of channel \(name) is not what was written")
        }
    }

    /// All of them.
    static func all(_ db: Database) throws -> [StoredChannel] {
        var channels: [StoredChannel] = []
        let rows = try Row.fetchCursor(db, sql: "SELECT id, name, evicted_through, ended_at, checksum FROM channels")
        while let row = try rows.next() { channels.append(try StoredChannel(row)) }
        return channels
    }
}

extension StableHash {
    /// For a row of numbers.
    static func checksum(_ numbers: [UInt64]) -> Int64 {
        var hash = StableHash()
        for number in numbers { hash.add(number) }
        return Int64(bitPattern: hash.value)
    }
}
