import Broadcasting
import Bytes
import EventStreams
import JSON

/// Collects the members of an envelope while the scanner reads them.
struct EnvelopeMembers {
    private enum Name: String, CaseIterable {
        case channel, channels, event, id, retry, key, data
    }

    /// A set of names.
    private struct Names {
        private var bits: UInt8 = 0

        func contains(_ name: Name) -> Bool { bits & Self.bit(name) != 0 }

        mutating func insert(_ name: Name) { bits |= Self.bit(name) }

        private static func bit(_ name: Name) -> UInt8 {
            switch name {
            case .channel: 1
            case .channels: 2
            case .event: 4
            case .id: 8
            case .retry: 16
            case .key: 32
            case .data: 64
            }
        }
    }

    private var seen = Names()
    private var channels: [ChannelName] = []
    // Not an event: its copies would count more references than there are members.
    private var name: EventName?
    private var id: EventID?
    private var retry: Retry?
    private var key: EventKey?
    private var data: EventData?

    mutating func read(
        _ bytes: ArraySlice<UInt8>, _ scanner: inout JSONScanner, _ rules: Envelope.Rules, _ list: inout ChannelList
    ) throws(InvalidEnvelope) {
        guard let name = Self.name(bytes) else {
            throw .unknownMember(String(decoding: bytes.prefix(64), as: UTF8.self))
        }
        guard !seen.contains(name) else { throw .repeatedMember(name.rawValue) }
        seen.insert(name)
        switch name {
        case .channel: channels = [try channel(try text(&scanner, name), rules)]
        case .channels: channels = try channels(&scanner, rules, &list)
        case .data: data = try data(&scanner)
        case .retry:
            let digits = try stringOrValue(&scanner)
            retry = try valid { () throws(InvalidEvent) in try Retry(digits: digits) }
        case .event:
            let bytes = try text(&scanner, name)
            self.name = try valid { () throws(InvalidEvent) in try EventName(utf8: bytes) }
        case .id:
            let bytes = try text(&scanner, name)
            id = try valid { () throws(InvalidEvent) in try EventID(utf8: bytes) }
        case .key:
            let bytes = try text(&scanner, name)
            key = try valid { () throws(InvalidEvent) in try EventKey(utf8: bytes) }
        }
    }

    func publication(_ rules: Envelope.Rules) throws(InvalidEnvelope) -> Publication {
        guard seen.contains(.data) else { throw .noData }
        let isNamed = seen.contains(.channel) || seen.contains(.channels)
        if seen.contains(.channel) && seen.contains(.channels) { throw .channelTwice }
        guard rules.channels.isEmpty || !isNamed else { throw .channelTwice }
        let channels = isNamed ? self.channels : rules.channels
        guard !channels.isEmpty else { throw .noChannel }
        return Publication(Event(id: id, name: name, retry: retry, data: data, key: key), to: channels)
    }

    private static func name(_ bytes: ArraySlice<UInt8>) -> Name? {
        // `data` first: every event has it.
        if bytes.equals("data") { return .data }
        return Name.allCases.first { $0.rawValue.utf8.elementsEqual(bytes) }
    }

    private func channels(
        _ scanner: inout JSONScanner, _ rules: Envelope.Rules, _ list: inout ChannelList
    ) throws(InvalidEnvelope) -> [ChannelName] {
        guard scanner.peek() == 0x5B else { throw .wrongKind("channels", expected: "an array of strings") }
        if let names = list.taken(by: &scanner) { return names }
        let start = scanner.position
        _ = scanner.take(0x5B)
        var names: [ChannelName] = []
        try scanner.elements(until: 0x5D) { scanner throws(InvalidEnvelope) in
            guard names.count < rules.names.channels else { throw .tooManyChannels(limit: rules.names.channels) }
            names.append(try channel(try text(&scanner, .channels), rules))
        }
        list = ChannelList(names, from: start, to: scanner)
        return names
    }

    private func channel(_ bytes: ArraySlice<UInt8>, _ rules: Envelope.Rules) throws(InvalidEnvelope) -> ChannelName {
        let name: ChannelName
        do throws(ChannelName.Invalid) {
            name = try ChannelName(utf8: bytes, segments: rules.names.segments)
        } catch {
            throw .channel(error)
        }
        guard !name.isReserved else { throw .reservedChannel }
        if let mayPublish = rules.mayPublish, !mayPublish(name) { throw .notGranted(name) }
        return name
    }

    private func text(_ scanner: inout JSONScanner, _ name: Name) throws(InvalidEnvelope) -> ArraySlice<UInt8> {
        guard scanner.peek() == 0x22 else {
            throw .wrongKind(name.rawValue, expected: name == .channels ? "an array of strings" : "a string")
        }
        return try scanner.scan { scanner throws(InvalidJSON) in try scanner.string() }
    }

    /// The text of a string; of other JSON the bytes as written.
    private func stringOrValue(_ scanner: inout JSONScanner) throws(InvalidEnvelope) -> ArraySlice<UInt8> {
        try scanner.scan { scanner throws(InvalidJSON) in
            scanner.peek() == 0x22 ? try scanner.string() : try scanner.value()
        }
    }

    private func data(_ scanner: inout JSONScanner) throws(InvalidEnvelope) -> EventData {
        let bytes = try stringOrValue(&scanner)
        return try valid { () throws(InvalidEvent) in try EventData(utf8: Array(bytes)) }
    }

    private func valid<Part>(_ part: () throws(InvalidEvent) -> Part) throws(InvalidEnvelope) -> Part {
        do throws(InvalidEvent) { return try part() } catch { throw .event(error) }
    }
}
