import Broadcasting
import EventStreams
import GRDB

/// One row of the table of events.
struct EventRow {
    let sequence: UInt64
    let time: UInt64
    let channel: Int64
    /// The row numbers of further channels, separated by spaces.
    let others: String?
    /// The id that the publisher gave the event.
    let id: String?
    /// The key of the event.
    let key: String?
    let wire: [UInt8]

    static let columns = "sequence, time, channel, others, id, key, checksum, wire"

    /// Reads a row; nil when the row is damaged.
    init?(_ row: Row) {
        guard let sequence = row.number(0), sequence > 0, let time = row.number(1), let channel = row.integer(2),
            let checksum = row.integer(6), let wire = row.bytes(7)
        else { return nil }
        self.sequence = sequence
        self.time = time
        self.channel = channel
        others = row.text(3)
        id = row.text(4)
        key = row.text(5)
        self.wire = wire
        let expected = unsafe Self.checksum(
            sequence: sequence, time: time, channel: channel, others: others, id: id, key: key, wire: wire.span.bytes)
        guard checksum == expected else { return nil }
    }

    /// Detects damage to a row. SQLite detects damage to the structure of the file, but not to its content.
    static func checksum(
        sequence: UInt64, time: UInt64, channel: Int64, others: String?, id: String?, key: String?, wire: RawSpan
    ) -> Int64 {
        var hash = StableHash()
        hash.add(sequence)
        hash.add(time)
        hash.add(UInt64(bitPattern: channel))
        hash.add(others ?? "")
        hash.add(id ?? "")
        hash.add(key ?? "")
        hash.add(wire)
        return Int64(bitPattern: hash.value)
    }

    var labels: PublisherLabels? {
        PublisherLabels(id: id.flatMap { try? EventID($0) }, key: key.flatMap { try? EventKey($0) })
    }

    /// The row numbers of all channels, in the order of the publisher; nil when they cannot be valid.
    var channelRows: [Int64]? {
        var rows = [channel]
        for part in others?.split(separator: " ") ?? [] {
            guard let row = Int64(part) else { return nil }
            rows.append(row)
        }
        return rows
    }

    func frame(_ channels: [ChannelName]) -> Frame {
        Frame(sequence: sequence, time: time, channels: channels, wire: wire)
    }
}
