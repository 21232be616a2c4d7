/// Names a set of channels: `*` matches one segment, a final `**` matches one or more. Neither matches a first segment
/// that starts with `$`: such channels are the daemon's own. Two patterns are equal only when their bytes are.
public struct ChannelPattern: Sendable, Hashable, CustomStringConvertible {
    /// The pattern as text.
    public let description: String

    /// Why a text is not a pattern.
    public enum Invalid: Error, Sendable, Hashable, CustomStringConvertible {
        case emptySegment, partialWildcard, tailNotLast, tooLong
        case tooManySegments(limit: Int)

        /// A sentence for the client or the operator that wrote the pattern.
        public var description: String {
            switch self {
            case .emptySegment: "The pattern is empty or has an empty segment."
            case .partialWildcard: "An asterisk stands for a whole segment: write `a/*`, not `a*`."
            case .tailNotLast: "`**` may only be the last segment of a pattern."
            case .tooLong: "The pattern is longer than \(ChannelName.limit) bytes."
            case .tooManySegments(let limit):
                "The pattern has more than \(limit) segments, which is the limit (limits.segments)."
            }
        }
    }

    /// Validates a pattern of 1 to 255 bytes.
    ///
    /// - Parameter limit: the most segments; see ``NameLimits``.
    /// - Throws: a rule that the text breaks.
    public init(_ text: String, segments limit: Int = .max) throws(Invalid) {
        guard text.utf8.count <= ChannelName.limit else { throw .tooLong }
        let asterisk = UInt8(ascii: "*")
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty }) else { throw .emptySegment }
        guard parts.count <= limit else { throw .tooManySegments(limit: limit) }
        for (index, part) in parts.enumerated() {
            if part.elementsEqual([asterisk, asterisk]) {
                guard index == parts.count - 1 else { throw .tailNotLast }
            } else if part.count > 1, part.contains(asterisk) {
                throw .partialWildcard
            }
        }
        description = text
    }

    /// Whether the first segment starts with `$`: the pattern covers channels of the daemon's own, and no others.
    public var isReserved: Bool { description.utf8.first == UInt8(ascii: "$") }

    /// Whether the pattern covers a channel.
    public func matches(_ name: ChannelName) -> Bool { PatternScan(self).matches(name.description.utf8.span) }

    /// Whether the bytes are the same.
    public static func == (left: ChannelPattern, right: ChannelPattern) -> Bool {
        left.description.utf8.elementsEqual(right.description.utf8)
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        for byte in description.utf8 { hasher.combine(byte) }
    }
}
