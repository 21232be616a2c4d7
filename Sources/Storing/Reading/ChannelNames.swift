import Broadcasting
import GRDB

/// Looks up the names of channels by their row numbers, each once.
struct ChannelNames {
    private let db: Database
    private var known: [Int64: ChannelName] = [:]

    init(_ db: Database) {
        self.db = db
    }

    /// The channels of an event that still exist.
    mutating func names(of event: EventRow) throws -> [ChannelName] {
        var names: [ChannelName] = []
        for row in event.channelRows ?? [] {
            if let name = try name(row) { names.append(name) }
        }
        return names
    }

    private mutating func name(_ row: Int64) throws -> ChannelName? {
        if let name = known[row] { return name }
        let select = try db.cachedStatement(sql: "SELECT name FROM channels WHERE id = ?")
        let name = try Row.fetchOne(select, arguments: [row])?.channelName(0)
        known[row] = name
        return name
    }
}
