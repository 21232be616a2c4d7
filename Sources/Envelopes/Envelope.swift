public import Broadcasting
import EventStreams

/// An event as JSON: `{"channel":"news","event":"headline","id":"7","retry":3000,"key":"k","data":"hello"}`.
///
/// `data` is a string, whose text is published, or any other JSON, which is published as it is written. `channels` may
/// stand instead of `channel`. Only `data` is needed, and a channel where the address names none.
public enum Envelope {
    /// What holds for every envelope of a request.
    public struct Rules: Sendable {
        /// The channels that the address names; empty when each envelope does.
        public var channels: [ChannelName]
        /// The most channels of one event.
        public var channelLimit: Int

        /// Rules.
        public init(channels: [ChannelName], channelLimit: Int) {
            self.channels = channels
            self.channelLimit = channelLimit
        }
    }

    /// The most events of an array: they are published all at once.
    public static let arrayLimit = 1000

    /// Reads one.
    public static func one(_ bytes: [UInt8], _ rules: Rules) throws(InvalidEnvelope) -> Publication {
        var scanner = JSONScanner(bytes)
        let publication = try read(&scanner, rules)
        try scanner.expectEnd()
        return publication
    }

    /// Reads one, or an array of them.
    ///
    /// - Throws: for an array, what is wrong with which of them, the first being 1.
    public static func all(_ bytes: [UInt8], _ rules: Rules) throws(Misplaced) -> [Publication] {
        var publications: [Publication] = []
        do throws(InvalidEnvelope) {
            var scanner = JSONScanner(bytes)
            guard scanner.peek() == 0x5B else { return [try one(bytes, rules)] }
            _ = scanner.take(0x5B)
            try scanner.list(until: 0x5D) { scanner throws(InvalidEnvelope) in
                guard publications.count < arrayLimit else { throw .tooManyEvents(limit: arrayLimit) }
                publications.append(try read(&scanner, rules))
            }
            try scanner.expectEnd()
            guard !publications.isEmpty else { throw .noEvents }
            return publications
        } catch {
            throw Misplaced(place: publications.count + 1, reason: error)
        }
    }

    /// What is wrong, and with which event or line, the first being 1.
    public struct Misplaced: Error, Sendable, Hashable {
        /// Which.
        public let place: Int
        /// What.
        public let reason: InvalidEnvelope
    }

    private static func read(_ scanner: inout JSONScanner, _ rules: Rules) throws(InvalidEnvelope) -> Publication {
        guard scanner.take(0x7B) else {
            _ = try scanner.value()
            throw .notAnObject
        }
        var members = Members()
        try scanner.list(until: 0x7D) { scanner throws(InvalidEnvelope) in
            let name = try scanner.string()
            try scanner.expect(0x3A, "a colon")
            try members.read(name, &scanner, rules)
        }
        return try members.publication(rules)
    }
}

/// The members of an envelope, as they are found.
private struct Members {
    private enum Name: String, CaseIterable {
        case channel, channels, event, id, retry, key, data
    }

    private var seen: [Name] = []
    private var channels: [ChannelName] = []
    private var event = Event(data: nil)

    mutating func read(
        _ bytes: [UInt8], _ scanner: inout JSONScanner, _ rules: Envelope.Rules
    ) throws(InvalidEnvelope) {
        guard let name = Self.name(bytes) else {
            throw .unknownMember(String(decoding: bytes.prefix(64), as: UTF8.self))
        }
        guard !seen.contains(name) else { throw .repeatedMember(name.rawValue) }
        seen.append(name)
        switch name {
        case .channel: try add(try text(&scanner, name))
        case .channels:
            guard scanner.take(0x5B) else { throw .wrongKind("channels", expected: "an array of strings") }
            try scanner.list(until: 0x5D) { [limit = rules.channelLimit] scanner throws(InvalidEnvelope) in
                guard channels.count < limit else { throw .tooManyChannels(limit: limit) }
                try add(try text(&scanner, name))
            }
        case .data: event.data = try data(&scanner)
        case .retry:
            let digits = scanner.peek() == 0x22 ? try scanner.string() : Array(try scanner.value())
            event.retry = try valid { () throws(InvalidEvent) in try Retry(digits: digits) }
        case .event:
            let bytes = try text(&scanner, name)
            event.name = try valid { () throws(InvalidEvent) in try EventName(utf8: bytes) }
        case .id:
            let bytes = try text(&scanner, name)
            event.id = try valid { () throws(InvalidEvent) in try EventID(utf8: bytes) }
        case .key:
            let bytes = try text(&scanner, name)
            event.key = try valid { () throws(InvalidEvent) in try EventKey(utf8: bytes) }
        }
    }

    func publication(_ rules: Envelope.Rules) throws(InvalidEnvelope) -> Publication {
        guard seen.contains(.data) else { throw .noData }
        let isNamed = seen.contains(.channel) || seen.contains(.channels)
        if seen.contains(.channel) && seen.contains(.channels) { throw .channelTwice }
        guard rules.channels.isEmpty || !isNamed else { throw .channelTwice }
        let channels = isNamed ? self.channels : rules.channels
        guard !channels.isEmpty else { throw .noChannel }
        return Publication(event, to: channels)
    }

    private static func name(_ bytes: [UInt8]) -> Name? {
        // The usual one first: it is looked for once an event.
        if bytes == [0x64, 0x61, 0x74, 0x61] { return .data }
        return Name.allCases.first { $0.rawValue.utf8.elementsEqual(bytes) }
    }

    private mutating func add(_ bytes: [UInt8]) throws(InvalidEnvelope) {
        let name: ChannelName
        do throws(ChannelName.Invalid) { name = try ChannelName(utf8: bytes) } catch { throw .channel(error) }
        guard !name.isReserved else { throw .reservedChannel }
        channels.append(name)
    }

    private func text(_ scanner: inout JSONScanner, _ name: Name) throws(InvalidEnvelope) -> [UInt8] {
        guard scanner.peek() == 0x22 else {
            throw .wrongKind(name.rawValue, expected: name == .channels ? "an array of strings" : "a string")
        }
        return try scanner.string()
    }

    /// A string is its text; everything else is published as it is written.
    private func data(_ scanner: inout JSONScanner) throws(InvalidEnvelope) -> EventData {
        let bytes = scanner.peek() == 0x22 ? try scanner.string() : Array(try scanner.value())
        return try valid { () throws(InvalidEvent) in try EventData(utf8: bytes) }
    }

    private func valid<Part>(_ part: () throws(InvalidEvent) -> Part) throws(InvalidEnvelope) -> Part {
        do throws(InvalidEvent) { return try part() } catch { throw .event(error) }
    }
}
