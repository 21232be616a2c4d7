import Broadcasting
import EventStreams
import GRDB

/// One row of the table of events.
struct StoredRow {
    let sequence: UInt64
    let time: UInt64
    let channel: Int64
    /// The rows of further channels, with spaces between them.
    let others: String?
    /// What the publisher called the event, and what it is about.
    let id: String?
    let key: String?
    let wire: [UInt8]

    /// Tells whether an event is read back as it was written. SQLite finds damage to the structure of the file, not to
    /// what it holds.
    var checksum: Int64 {
        var hash = StableHash()
        hash.add(sequence)
        hash.add(time)
        hash.add(UInt64(bitPattern: channel))
        for text in [others, id, key] { hash.add(text ?? "") }
        hash.add(wire)
        return Int64(bitPattern: hash.value)
    }

    static let columns = "sequence, time, channel, others, id, key, checksum, wire"

    init(sequence: UInt64, time: UInt64, channel: Int64, others: String?, labels: EventLabels?, wire: [UInt8]) {
        self.sequence = sequence
        self.time = time
        self.channel = channel
        self.others = others
        id = labels?.id?.description
        key = labels?.key?.description
        self.wire = wire
    }

    /// - Returns: nil for a row that is not as it was written.
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
        guard self.checksum == checksum else { return nil }
    }

    var labels: EventLabels? {
        EventLabels(id: id.flatMap { try? EventID($0) }, key: key.flatMap { try? EventKey(utf8: $0.utf8) })
    }

    var frame: Frame { Frame(sequence: sequence, time: time, wire: wire) }
}
