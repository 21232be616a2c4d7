/// The name of a channel: segments between slashes, such as `news/eu`. 1 to 255 bytes of UTF-8.
///
/// Two names are equal only when their bytes are. Swift's strings are also equal when one writes é as one character and
/// the other as two; a proxy that compares bytes would then disagree with crier about the channel that a request names.
public struct ChannelName: Sendable, Hashable, CustomStringConvertible {
    /// The name as text.
    public let description: String

    /// The most bytes a name may have.
    public static let limit = 255

    /// Why a text is not a channel name.
    public enum Invalid: Error, Sendable, Hashable, CustomStringConvertible {
        case empty, tooLong, notUTF8, emptySegment, controlCharacter, asterisk
        case tooManySegments(limit: Int)

        /// A sentence for the client.
        public var description: String {
            switch self {
            case .empty: "The channel name is empty."
            case .tooLong: "The channel name is longer than \(ChannelName.limit) bytes."
            case .notUTF8: "The channel name is not valid UTF-8."
            case .emptySegment: "The channel name has an empty segment: a slash at either end, or two in a row."
            case .controlCharacter: "The channel name contains a control character."
            case .asterisk: "The channel name contains an asterisk, which is reserved for patterns."
            case .tooManySegments(let limit):
                "The channel name has more than \(limit) segments, which is the limit (limits.segments)."
            }
        }
    }

    /// Validates the bytes of a name. The caller has already percent-decoded them.
    ///
    /// - Parameter limit: the most segments; see ``NameLimits``.
    /// - Throws: a rule that the bytes break.
    public init(utf8 bytes: ArraySlice<UInt8>, segments limit: Int = .max) throws(Invalid) {
        guard !bytes.isEmpty else { throw .empty }
        guard bytes.count <= Self.limit else { throw .tooLong }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8 }
        let slash = UInt8(ascii: "/")
        var previous = slash
        var segments = 1
        var (hasAsterisk, hasControl, hasEmptySegment) = (false, false, false)
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "*"): hasAsterisk = true
            case slash:
                segments += 1
                if previous == slash { hasEmptySegment = true }
            // U+0000 to U+001F and U+007F; U+0080 to U+009F have two bytes.
            case 0..<0x20, 0x7F: hasControl = true
            case 0x80...0x9F where previous == 0xC2: hasControl = true
            default: break
            }
            previous = byte
        }
        if hasAsterisk { throw .asterisk }
        if hasControl { throw .controlCharacter }
        if hasEmptySegment || previous == slash { throw .emptySegment }
        if segments > limit { throw .tooManySegments(limit: limit) }
        description = text
    }

    /// Validates a string.
    ///
    /// - Throws: a rule that the text breaks.
    public init(_ text: String) throws(Invalid) {
        try self.init(utf8: Array(text.utf8)[...])
    }

    /// Whether the first segment starts with `$`: the channel is the daemon's own, and no publisher may use it.
    public var isReserved: Bool { description.utf8.first == UInt8(ascii: "$") }

    /// Whether the bytes are the same.
    public static func == (left: ChannelName, right: ChannelName) -> Bool {
        // Not `elementsEqual`, which would compare byte by byte through witness tables: every publish does this.
        var (left, right) = (left.description, right.description)
        return left.withUTF8 { left in
            right.withUTF8 { right in
                guard left.count == right.count else { return false }
                for index in 0..<left.count where unsafe left[index] != right[index] { return false }
                return true
            }
        }
    }

    /// Hashes the bytes, all in one call: every publish does this.
    public func hash(into hasher: inout Hasher) {
        var text = description
        text.withUTF8 { bytes in unsafe hasher.combine(bytes: UnsafeRawBufferPointer(bytes)) }
    }
}
