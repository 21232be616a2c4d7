import Broadcasting
import GRDB

/// One row of the table of events.
struct StoredRow {
    let sequence: UInt64
    let time: UInt64
    let channel: Int64
    let others: String?
    let wire: [UInt8]

    /// Tells whether an event is read back as it was written. SQLite finds damage to the structure of the file, not to
    /// what it holds.
    var checksum: Int64 {
        var hash = StableHash()
        hash.add(sequence)
        hash.add(time)
        hash.add(UInt64(bitPattern: channel))
        hash.add(others ?? "")
        hash.add(wire)
        return Int64(bitPattern: hash.value)
    }

    static let columns = "sequence, time, channel, others, checksum, wire"

    init(sequence: UInt64, time: UInt64, channel: Int64, others: String?, wire: [UInt8]) {
        self.sequence = sequence
        self.time = time
        self.channel = channel
        self.others = others
        self.wire = wire
    }

    /// - Returns: nil for a row that is not as it was written.
    init?(_ row: Row) {
        guard let sequence = row.number(0), sequence > 0, let time = row.number(1), let channel = row.integer(2),
            let checksum = row.integer(4), let wire = row.bytes(5)
        else { return nil }
        self.init(sequence: sequence, time: time, channel: channel, others: row.text(3), wire: wire)
        guard self.checksum == checksum else { return nil }
    }

    var frame: Frame { Frame(sequence: sequence, time: time, wire: wire) }
}
