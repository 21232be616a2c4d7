import Broadcasting
import GRDB

extension StoredAnswer {
    static let columns = "key, fingerprint, time, count, first, last, channels, subscribers, checksum"

    /// The values in the order of ``columns``.
    var values: [(any DatabaseValueConvertible)?] {
        [
            idempotency.key.description, Int64(bitPattern: idempotency.fingerprint), Int64(time), receipt.count,
            receipt.first, receipt.last, names, receipt.subscribers, checksum,
        ]
    }

    /// One line for each channel; a channel name contains no control character.
    private var names: String { receipt.channels.map(\.description).joined(separator: "\n") }

    private var checksum: Int64 {
        var hash = StableHash()
        for text in [idempotency.key.description, receipt.first, receipt.last, names] { hash.add(text) }
        for number in [idempotency.fingerprint, time, UInt64(receipt.count), UInt64(receipt.subscribers)] {
            hash.add(number)
        }
        return Int64(bitPattern: hash.value)
    }

    /// Reads a row; nil when the row is damaged.
    init?(_ row: Row) {
        guard let key = row.text(0).map({ IdempotencyKey(stored: $0) }), let fingerprint = row.integer(1),
            let time = row.number(2), let count = row.number(3), let first = row.text(4), let last = row.text(5),
            let names = row.text(6), let subscribers = row.number(7)
        else { return nil }
        self.init(
            Idempotency(key: key, fingerprint: UInt64(bitPattern: fingerprint)), time: time, count: Int(count),
            first: first, last: last,
            channels: names.split(separator: "\n").compactMap { try? ChannelName(String($0)) },
            subscribers: Int(subscribers))
        guard checksum == row.integer(8) else { return nil }
    }
}
