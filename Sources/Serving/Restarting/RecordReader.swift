import Access
import Broadcasting
import Bytes
import Kernel

/// Reads the records of connections.
struct RecordReader {
    /// Those of the snapshot, by their places.
    let topics: [RestoredTopic]
    /// Finds the rule in force with a fingerprint, or makes one that is revoked.
    let rule: ([UInt8]) -> AccessRule
    private var grants: [Grant] = []
    private var frames: [Frame] = []

    init(topics: [RestoredTopic], rule: @escaping ([UInt8]) -> AccessRule) {
        self.topics = topics
        self.rule = rule
    }

    mutating func read(_ reader: inout ByteReader) throws(ByteReader.Damage) -> ConnectionRecord {
        let listener = try reader.text()
        let proxied = try Connection.ProxiedClient(&reader)
        let stage: ConnectionRecord.Stage
        switch try reader.byte() {
        case 0: stage = .fresh
        case 1: stage = .idle
        case 2: stage = .lingering
        case 3: stage = .streaming(try subscriber(&reader))
        default: throw Self.unknown("stage of a connection")
        }
        return ConnectionRecord(listener: listener, proxied: proxied, stage: stage)
    }

    private static func unknown(_ what: String) -> ByteReader.Damage { ByteReader.Damage("it has an unknown \(what)") }

    private mutating func subscriber(_ reader: inout ByteReader) throws(ByteReader.Damage) -> SubscriberRecord {
        let session = SessionID(high: try reader.number(), low: try reader.number())
        guard let form = StreamForm(rawValue: try reader.byte()) else { throw Self.unknown("form of a stream") }
        let course: SubscriberRecord.Course
        if try reader.byte() == 0 {
            course = .reading(isSlow: try reader.flag())
        } else {
            guard let reason = CloseReason(rawValue: try reader.index(below: .max)) else {
                throw Self.unknown("reason")
            }
            course = .ending(reason, milliseconds: try reader.tally())
        }
        let pending = try pending(&reader, form)
        let position = try reader.tally()
        var memberships: [SubscriberRecord.Membership] = []
        for _ in 0..<(try reader.count()) {
            let topic = topics[try reader.index(below: topics.count)]
            memberships.append(
                SubscriberRecord.Membership(
                    topic: topic.id, reportedThrough: try reader.tally(), reportedEvictions: try reader.tally()))
        }
        if case .reading = course, memberships.isEmpty { throw Self.unknown("subscription") }
        let grant = try reader.flag() ? try grant(&reader) : nil
        let replayed = Int(try reader.tally())
        let client = try ClientDetails(&reader)
        let since = try reader.tally()
        let pushed = try reader.array()
        let lastPushedID = try reader.array()
        let counted = try reader.list { reader throws(ByteReader.Damage) in try SubscriberCounts.Key(&reader) }
        return SubscriberRecord(
            session: session, form: form, course: course, pending: pending, position: position,
            memberships: memberships, grant: grant, replayed: replayed, client: client, since: since, pushed: pushed,
            lastPushedID: lastPushedID, counted: counted)
    }

    private mutating func pending(
        _ reader: inout ByteReader, _ form: StreamForm
    ) throws(ByteReader.Damage) -> PendingOutput? {
        switch try reader.byte() {
        case 0: return nil
        case 1:
            let number = try reader.index(below: frames.count + 1)
            if number == frames.count { frames.append(try Frame(&reader, topics)) }
            let size = unsafe frames[number].bytes(form.framing).count
            return .event(frames[number], offset: try reader.index(below: size))
        case 2: return .bytes(try reader.array(), offset: 0)
        default: throw Self.unknown("kind of output")
        }
    }

    private mutating func grant(_ reader: inout ByteReader) throws(ByteReader.Damage) -> Grant {
        let number = try reader.index(below: grants.count + 1)
        if number < grants.count { return grants[number] }
        grants.append(try Grant(&reader, rule: rule))
        return grants[number]
    }
}
