/// Names a set of channels: `*` stands for one segment, a final `**` for one or more.
public struct ChannelPattern: Sendable, Hashable, CustomStringConvertible {
    /// The pattern as text.
    public let description: String

    private enum Segment: Sendable, Hashable {
        case exactly(String)
        case any
    }

    private let segments: [Segment]
    private let hasTail: Bool

    /// Why something is not a pattern.
    public enum Invalid: Error, Sendable, Hashable, CustomStringConvertible {
        case emptySegment, partialWildcard, tailNotLast, tooLong

        /// A sentence for whoever wrote it.
        public var description: String {
            switch self {
            case .emptySegment: "The pattern is empty or has an empty segment."
            case .partialWildcard: "An asterisk stands for a whole segment: write `a/*`, not `a*`."
            case .tailNotLast: "`**` may only be the last segment of a pattern."
            case .tooLong: "The pattern is longer than \(ChannelName.limit) bytes."
            }
        }
    }

    /// Checks a pattern.
    public init(_ text: String) throws(Invalid) {
        guard text.utf8.count <= ChannelName.limit else { throw .tooLong }
        var parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.allSatisfy({ !$0.isEmpty }) else { throw .emptySegment }
        hasTail = parts.last == "**"
        if hasTail { parts.removeLast() }
        var segments: [Segment] = []
        for part in parts {
            if part == "**" { throw .tailNotLast }
            guard part == "*" || !part.utf8.contains(UInt8(ascii: "*")) else { throw .partialWildcard }
            segments.append(part == "*" ? .any : .exactly(part))
        }
        self.segments = segments
        description = text
    }

    /// Whether the channel is one of the set.
    public func matches(_ name: ChannelName) -> Bool {
        let parts = name.description.split(separator: "/")
        guard hasTail ? parts.count > segments.count : parts.count == segments.count else { return false }
        return zip(segments, parts).allSatisfy { segment, part in
            switch segment {
            case .any: true
            case .exactly(let text): text.utf8.elementsEqual(part.utf8)
            }
        }
    }
}
