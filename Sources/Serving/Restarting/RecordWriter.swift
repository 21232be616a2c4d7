import Access
import Broadcasting
import Bytes
import Kernel

/// Writes the records of connections. Grants and half-sent events that several subscribers share are written once.
struct RecordWriter {
    private let topics: SnapshotTopics
    private var grants: [ObjectIdentifier: Int] = [:]
    private var frames: [Frame.Identity: Int] = [:]

    init(_ topics: SnapshotTopics) {
        self.topics = topics
    }

    /// Whether the next process can continue a connection: it will have every event that the subscriber needs.
    func canContinue(_ record: ConnectionRecord) -> Bool {
        guard case .streaming(let subscriber) = record.stage, case .reading = subscriber.course else { return true }
        return subscriber.position >= topics.unstoredThrough
            && subscriber.memberships.allSatisfy { topics.place(of: $0.topic) != nil }
    }

    mutating func write(_ record: ConnectionRecord, to writer: inout ByteWriter) {
        writer.write(record.listener)
        record.proxied.write(to: &writer)
        switch record.stage {
        case .fresh: writer.write(byte: 0)
        case .idle: writer.write(byte: 1)
        case .lingering: writer.write(byte: 2)
        case .streaming(let subscriber):
            writer.write(byte: 3)
            write(subscriber, to: &writer)
        }
    }

    private mutating func write(_ subscriber: SubscriberRecord, to writer: inout ByteWriter) {
        writer.write(subscriber.session.high)
        writer.write(subscriber.session.low)
        writer.write(byte: subscriber.form.rawValue)
        switch subscriber.course {
        case .reading(let isSlow):
            writer.write(byte: 0)
            writer.write(isSlow)
        case .ending(let reason, let milliseconds):
            writer.write(byte: 1)
            writer.write(count: reason.rawValue)
            writer.write(milliseconds)
        }
        switch subscriber.pending {
        case nil: writer.write(byte: 0)
        case .event(let frame, let offset):
            writer.write(byte: 1)
            write(frame, to: &writer)
            writer.write(count: offset)
        case .bytes(let bytes, let offset):
            writer.write(byte: 2)
            writer.write(bytes: Array(bytes[offset...]))
        }
        writer.write(subscriber.position)
        // A stream that ends needs no topic, and its topics may be gone.
        let memberships = subscriber.memberships.filter { topics.place(of: $0.topic) != nil }
        writer.write(count: memberships.count)
        for membership in memberships {
            writer.write(count: topics.place(of: membership.topic) ?? 0)
            writer.write(membership.reportedThrough)
            writer.write(membership.reportedEvictions)
        }
        writer.write(subscriber.grant != nil)
        if let grant = subscriber.grant { write(grant, to: &writer) }
        writer.write(count: subscriber.replayed)
        subscriber.client.write(to: &writer)
        writer.write(subscriber.since)
        writer.write(bytes: subscriber.pushed)
        writer.write(bytes: subscriber.lastPushedID)
        writer.write(count: subscriber.counted.count)
        for key in subscriber.counted { key.write(to: &writer) }
    }

    /// Writes the number of a frame, and the first time the frame itself.
    private mutating func write(_ frame: Frame, to writer: inout ByteWriter) {
        if let number = frames[frame.identity] { return writer.write(count: number) }
        writer.write(count: frames.count)
        frames[frame.identity] = frames.count
        frame.write(to: &writer, topics)
    }

    /// Writes the number of a grant, and the first time the grant itself.
    private mutating func write(_ grant: Grant, to writer: inout ByteWriter) {
        if let number = grants[ObjectIdentifier(grant)] { return writer.write(count: number) }
        writer.write(count: grants.count)
        grants[ObjectIdentifier(grant)] = grants.count
        grant.write(to: &writer)
    }
}
