public import Broadcasting
import JSON

/// An event as JSON: `{"channel":"news","event":"headline","id":"7","retry":3000,"key":"k","data":"hello"}`.
///
/// If `data` is a string, crier publishes its text; any other JSON it publishes as written. `channels`, an array, may
/// replace `channel`. Only `data` is required, and a channel if the URL names none.
public enum Envelope {
    /// The rules for all envelopes of a request.
    public struct Rules: Sendable {
        /// The channels that the URL names; empty when each envelope names its own.
        public var channels: [ChannelName]
        /// The limits of each event.
        public var names: NameLimits
        /// Whether the publisher may publish to a channel that an envelope names; nil when it may publish to all.
        public var mayPublish: (@Sendable (ChannelName) -> Bool)?

        /// Rules.
        public init(
            channels: [ChannelName], names: NameLimits, mayPublish: (@Sendable (ChannelName) -> Bool)? = nil
        ) {
            self.channels = channels
            self.names = names
            self.mayPublish = mayPublish
        }
    }

    /// The most events of an array, which crier publishes in one step.
    public static let arrayLimit = 1000
    /// The most channels that the events of an array name in all, each counted once for each event.
    public static let arrayChannelLimit = 1024

    /// Parses one envelope.
    public static func one(_ bytes: [UInt8], _ rules: Rules) throws(InvalidEnvelope) -> Publication {
        var scanner = JSONScanner(bytes)
        var list = ChannelList()
        let publication = try read(&scanner, rules, &list)
        try scanner.scan { scanner throws(InvalidJSON) in try scanner.expectEnd() }
        return publication
    }

    /// Parses one envelope or an array of them.
    ///
    /// - Throws: the error and the number of the envelope, from 1 on.
    public static func all(_ bytes: [UInt8], _ rules: Rules) throws(Misplaced) -> [Publication] {
        var publications: [Publication] = []
        var channels = 0
        do throws(InvalidEnvelope) {
            var scanner = JSONScanner(bytes)
            guard scanner.peek() == 0x5B else { return [try one(bytes, rules)] }
            _ = scanner.take(0x5B)
            var list = ChannelList()
            try scanner.elements(until: 0x5D) { scanner throws(InvalidEnvelope) in
                guard publications.count < arrayLimit else { throw .tooManyEvents(limit: arrayLimit) }
                let publication = try read(&scanner, rules, &list)
                channels += publication.channels.count
                guard channels <= arrayChannelLimit else { throw .tooManyChannelsInAll(limit: arrayChannelLimit) }
                publications.append(publication)
            }
            try scanner.scan { scanner throws(InvalidJSON) in try scanner.expectEnd() }
            guard !publications.isEmpty else { throw .noEvents }
            return publications
        } catch {
            throw Misplaced(place: publications.count + 1, reason: error)
        }
    }

    /// An error, and the number of the event or line with it.
    public struct Misplaced: Error, Sendable, Hashable {
        /// The number of the event or line, from 1 on.
        public let place: Int
        /// The error.
        public let reason: InvalidEnvelope
    }

    /// - Parameter list: the last list of channels in the text.
    private static func read(
        _ scanner: inout JSONScanner, _ rules: Rules, _ list: inout ChannelList
    ) throws(InvalidEnvelope) -> Publication {
        guard scanner.take(0x7B) else {
            _ = try scanner.scan { scanner throws(InvalidJSON) in try scanner.value() }
            throw .notAnObject
        }
        var members = EnvelopeMembers()
        try scanner.elements(until: 0x7D) { scanner throws(InvalidEnvelope) in
            let name = try scanner.scan { scanner throws(InvalidJSON) in
                let name = try scanner.string()
                try scanner.expect(0x3A, "a colon")
                return name
            }
            try members.read(name, &scanner, rules, &list)
        }
        return try members.publication(rules)
    }
}
