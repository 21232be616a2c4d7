import Broadcasting
import Foundation
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
        guard let sequence = Int64.fromDatabaseValue(row[0]), let time = Int64.fromDatabaseValue(row[1]),
            let channel = Int64.fromDatabaseValue(row[2]), let checksum = Int64.fromDatabaseValue(row[4])
        else { return nil }
        guard let wire = Data.fromDatabaseValue(row[5]).map(Array.init) else { return nil }
        self.init(
            sequence: UInt64(bitPattern: sequence), time: UInt64(bitPattern: time), channel: channel,
            others: String.fromDatabaseValue(row[3]), wire: wire)
        guard self.checksum == checksum else { return nil }
    }

    var frame: Frame { Frame(sequence: sequence, time: time, wire: wire) }
}
