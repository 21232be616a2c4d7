public import Broadcasting

/// A pattern in which `{claim}` stands for the text of a claim, such as `users/{sub}/**`.
public struct PatternTemplate: Sendable, Hashable {
    private let text: String

    /// A template; see ``isValid``.
    public init(_ text: String) {
        self.text = text
    }

    /// Whether it is a pattern for a claim whose text is a name.
    public var isValid: Bool { pattern { _ in "a" } != nil }

    /// The pattern for some claims; nil when a claim is missing, or its text is not a part of a segment. An asterisk, a
    /// slash or a `$` in it would grant other channels than the template means.
    public func pattern(_ claim: (String) -> String?) -> ChannelPattern? {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}") else { return nil }
            let name = rest[rest.index(after: open)..<close]
            guard !name.isEmpty, let value = claim(String(name)), Self.isPartOfSegment(value) else { return nil }
            result += rest[..<open] + value
            rest = rest[rest.index(after: close)...]
        }
        guard !rest.contains("}") else { return nil }
        return try? ChannelPattern(result + rest)
    }

    private static func isPartOfSegment(_ value: String) -> Bool {
        !value.utf8.contains(UInt8(ascii: "$")) && (try? ChannelName(value)) != nil
            && !value.utf8.contains(UInt8(ascii: "/"))
    }
}
