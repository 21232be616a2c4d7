import Bytes

extension StoredAnswer {
    func write(to writer: inout ByteWriter) {
        writer.write(idempotency.key.description)
        writer.write(idempotency.fingerprint)
        writer.write(time)
        writer.write(count: receipt.count)
        writer.write(receipt.first)
        writer.write(receipt.last)
        writer.write(count: receipt.channels.count)
        for channel in receipt.channels { writer.write(channel.description) }
        writer.write(count: receipt.subscribers)
    }

    init(_ reader: inout ByteReader) throws(ByteReader.Damage) {
        let key = IdempotencyKey(stored: try reader.text())
        let idempotency = Idempotency(key: key, fingerprint: try reader.number())
        self.init(
            idempotency, time: try reader.number(), count: try reader.index(below: .max), first: try reader.text(),
            last: try reader.text(),
            channels: try reader.list { reader throws(ByteReader.Damage) in try ChannelName(reading: &reader) },
            subscribers: try reader.index(below: .max))
    }
}
