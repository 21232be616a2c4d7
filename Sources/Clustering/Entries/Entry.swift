import Broadcasting
import EventStreams

/// What a node appends to the log at once, as the log stores it.
struct Entry: Sendable {
    /// The place that the entry uses up.
    var place: WriterPlace
    /// When the node made it, in milliseconds since 1970.
    var time: UInt64
    /// What the node had done when it made the entry.
    var claim: Claim?
    var changes: [SharedChange]

    /// What a node has done up to a revision. Every other node must have done the same.
    struct Claim: Sendable, Hashable {
        var revision: UInt64
        var digest: UInt64
    }

    /// The version of the form. A node does not apply an entry of a later one: it would decide differently.
    static let version: UInt8 = 1

    private enum Kind {
        static let publish: UInt8 = 1
        static let publishWithKey: UInt8 = 2
        static let end: UInt8 = 3
        static let trim: UInt8 = 4
        static let subscribers: UInt8 = 5
        static let firstSubscribers: UInt8 = 6
    }

    /// What an event has besides its bytes.
    private struct Parts: OptionSet {
        let rawValue: UInt8

        static let id = Parts(rawValue: 1)
        static let key = Parts(rawValue: 2)
        /// The channels are those of the event before.
        static let sameChannels = Parts(rawValue: 4)
    }

    // MARK: Writing

    /// The bytes of the entry. Call it before the events have numbers.
    var bytes: [UInt8] {
        var writer = EntryWriter()
        writer.write(byte: Self.version)
        writer.write(place.node)
        writer.write(place.life)
        writer.write(place.count)
        writer.write(time)
        writer.write(claim?.revision ?? 0)
        writer.write(fixed: claim?.digest ?? 0)
        writer.write(count: changes.count)
        for change in changes { Self.write(change, to: &writer) }
        return writer.bytes
    }

    private static func write(_ change: SharedChange, to writer: inout EntryWriter) {
        switch change {
        case .publish(let events, let idempotency):
            if let idempotency {
                writer.write(byte: Kind.publishWithKey)
                writer.write(idempotency.key.description)
                writer.write(fixed: idempotency.fingerprint)
            } else {
                writer.write(byte: Kind.publish)
            }
            writer.write(count: events.count)
            var channels: [ChannelName] = []
            for event in events {
                write(event, after: channels, to: &writer)
                channels = event.channels
            }
        case .end(let name):
            writer.write(byte: Kind.end)
            writer.write(name.description)
        case .trim(let trim):
            writer.write(byte: Kind.trim)
            writer.write(trim.below)
            writer.write(trim.keysBelow)
        case .subscribers(let report):
            writer.write(byte: report.isFirst ? Kind.firstSubscribers : Kind.subscribers)
            writer.write(count: report.counts.count)
            for (subject, subscribers) in report.counts {
                writer.write(subject.description)
                writer.write(count: subscribers)
            }
        }
    }

    private static func write(_ event: EncodedEvent, after channels: [ChannelName], to writer: inout EntryWriter) {
        var parts: Parts = event.channels == channels ? [.sameChannels] : []
        if event.labels?.id != nil { parts.insert(.id) }
        if event.labels?.key != nil { parts.insert(.key) }
        writer.write(byte: parts.rawValue)
        if let id = event.labels?.id { writer.write(id.description) }
        if let key = event.labels?.key { writer.write(key.description) }
        if !parts.contains(.sameChannels) {
            writer.write(count: event.channels.count)
            for channel in event.channels { writer.write(channel.description) }
        }
        unsafe event.withWire { unsafe writer.write($0) }
    }

    // MARK: Reading

    init(place: WriterPlace, time: UInt64, claim: Claim?, changes: [SharedChange]) {
        (self.place, self.time, self.claim, self.changes) = (place, time, claim, changes)
    }

    /// - Parameters:
    ///   - epoch: the one in which the events will get their ids.
    ///   - isKnown: whether somebody has the changes of the entry at a place; they are left out then.
    init(
        _ bytes: [UInt8], epoch: Epoch, unless isKnown: (WriterPlace) -> Bool = { _ in false }
    ) throws(EntryReader.Damage) {
        var reader = EntryReader(bytes)
        let version = try reader.byte()
        guard version == Self.version else {
            throw EntryReader.Damage("it has version \(version), and this crier knows version \(Self.version)")
        }
        place = WriterPlace(node: try reader.text(), life: try reader.text(), count: try reader.number())
        time = try reader.number()
        let (revision, digest) = (try reader.number(), try reader.fixed())
        claim = revision > 0 ? Claim(revision: revision, digest: digest) : nil
        changes = []
        if isKnown(place) { return }
        var places = 0
        for _ in 0..<(try reader.count()) {
            let change = try Self.change(&reader, epoch)
            places += change.places
            changes.append(change)
        }
        guard reader.isAtEnd else { throw EntryReader.Damage("more follows than it should have") }
        guard places <= SharedNumber.changesPerEntry else { throw EntryReader.Damage("it has \(places) changes") }
    }

    private static func change(_ reader: inout EntryReader, _ epoch: Epoch) throws(EntryReader.Damage) -> SharedChange {
        switch try reader.byte() {
        case Kind.publish: return .publish(try events(&reader, epoch), nil)
        case Kind.publishWithKey:
            let key = IdempotencyKey(stored: try reader.text())
            let fingerprint = try reader.fixed()
            return .publish(try events(&reader, epoch), Idempotency(key: key, fingerprint: fingerprint))
        case Kind.end: return .end(try name(&reader))
        case Kind.trim: return .trim(SharedTrim(below: try reader.number(), keysBelow: try reader.number()))
        case Kind.subscribers: return .subscribers(try report(&reader, isFirst: false))
        case Kind.firstSubscribers: return .subscribers(try report(&reader, isFirst: true))
        case let kind: throw EntryReader.Damage("it has a change of the unknown kind \(kind)")
        }
    }

    private static func events(
        _ reader: inout EntryReader, _ epoch: Epoch
    ) throws(EntryReader.Damage) -> [EncodedEvent] {
        let count = try reader.count()
        guard count > 0 else { throw EntryReader.Damage("a publish has no event") }
        var events: [EncodedEvent] = []
        events.reserveCapacity(min(count, SharedNumber.changesPerEntry))
        var channels: [ChannelName] = []
        for _ in 0..<count {
            let parts = Parts(rawValue: try reader.byte())
            let id = parts.contains(.id) ? Array(try reader.array()) : []
            let key = parts.contains(.key) ? Array(try reader.array()) : []
            if !parts.contains(.sameChannels) {
                channels = []
                for _ in 0..<(try reader.count()) { channels.append(try name(&reader)) }
            }
            guard !channels.isEmpty else { throw EntryReader.Damage("an event has no channel") }
            let labels: PublisherLabels?
            do throws(InvalidEvent) {
                labels = PublisherLabels(id: try EventID(utf8: id[...]), key: try EventKey(utf8: key[...]))
            } catch {
                throw EntryReader.Damage("a label is invalid")
            }
            events.append(
                EncodedEvent(wire: try reader.array(), labels: labels, channels: channels, epoch: epoch))
        }
        return events
    }

    private static func report(
        _ reader: inout EntryReader, isFirst: Bool
    ) throws(EntryReader.Damage) -> SubscriberReport {
        var counts: [(subject: TopicSubject, subscribers: Int)] = []
        for _ in 0..<(try reader.count()) {
            let text = try reader.text()
            guard let subject = TopicSubject(text) else { throw EntryReader.Damage("a name is invalid") }
            counts.append((subject, Int(min(try reader.number(), 1 << 40))))
        }
        return SubscriberReport(isFirst: isFirst, counts: counts)
    }

    private static func name(_ reader: inout EntryReader) throws(EntryReader.Damage) -> ChannelName {
        let text = try reader.text()
        do throws(ChannelName.Invalid) { return try ChannelName(text) } catch {
            throw EntryReader.Damage("a name is invalid")
        }
    }
}

extension TopicSubject {
    /// A channel, or a pattern if the text has an asterisk; nil when it is neither.
    init?(_ text: String) {
        if text.utf8.contains(UInt8(ascii: "*")) {
            guard let pattern = try? ChannelPattern(text) else { return nil }
            self = .pattern(pattern)
        } else {
            guard let name = try? ChannelName(text) else { return nil }
            self = .channel(name)
        }
    }
}
