import Access
import Broadcasting
import Bytes

/// What the next process must know of a subscriber if this one is killed, besides how far its stream has got.
struct RecoveryRecord: Sendable {
    /// The listening socket; see ``SharedListener/key``.
    let listener: String
    let proxied: Connection.ProxiedClient
    let session: SessionID
    let form: StreamForm
    let subjects: [TopicSubject]
    let grant: Grant?
    let client: ClientDetails
    /// Milliseconds since 1970, by ``Clock/steady``.
    let since: UInt64
    /// For which limits on subscribers it counts.
    let counted: [SubscriberCounts.Key]

    /// The record in bytes, with a checksum.
    var bytes: [UInt8] {
        let pieces = Guarded<[UInt8]>([])
        var writer = ByteWriter { piece in pieces.withLock { $0 += piece } }
        writer.write(listener)
        proxied.write(to: &writer)
        writer.write(session.high)
        writer.write(session.low)
        writer.write(byte: form.rawValue)
        writer.write(count: subjects.count)
        for subject in subjects {
            switch subject {
            case .channel(let name):
                writer.write(false)
                writer.write(name.description)
            case .pattern(let pattern):
                writer.write(true)
                writer.write(pattern.description)
            }
        }
        writer.write(grant != nil)
        grant?.write(to: &writer)
        client.write(to: &writer)
        writer.write(since)
        writer.write(count: counted.count)
        for key in counted { key.write(to: &writer) }
        writer.finish()
        return pieces.withLock { $0 }
    }
}

extension RecoveryRecord {
    /// Reads a record.
    ///
    /// - Parameter rule: finds the rule in force with a fingerprint, or makes one that is revoked.
    init(_ bytes: [UInt8], rule: ([UInt8]) -> AccessRule) throws(ByteReader.Damage) {
        let result: Result<RecoveryRecord, ByteReader.Damage> = unsafe bytes.withUnsafeBytes { bytes in
            do throws(ByteReader.Damage) {
                var reader = unsafe try ByteReader(checking: bytes)
                return .success(try RecoveryRecord(&reader, rule))
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    private init(_ reader: inout ByteReader, _ rule: ([UInt8]) -> AccessRule) throws(ByteReader.Damage) {
        listener = try reader.text()
        proxied = try Connection.ProxiedClient(&reader)
        session = SessionID(high: try reader.number(), low: try reader.number())
        guard let form = StreamForm(rawValue: try reader.byte()) else {
            throw ByteReader.Damage("it has an unknown form of a stream")
        }
        self.form = form
        subjects = try reader.list { reader throws(ByteReader.Damage) in
            try reader.flag()
                ? .pattern(try ChannelPattern(reading: &reader)) : .channel(try ChannelName(reading: &reader))
        }
        grant = try reader.flag() ? try Grant(&reader, rule: rule) : nil
        client = try ClientDetails(&reader)
        since = try reader.tally()
        counted = try reader.list { reader throws(ByteReader.Damage) in try SubscriberCounts.Key(&reader) }
        guard !subjects.isEmpty, reader.isAtEnd else { throw ByteReader.Damage("it has an unknown subscription") }
    }
}
