/// Finds out whether one of some patterns matches a name, without any work that only depends on the patterns.
public struct PatternMatcher: Sendable {
    private let scans: [PatternScan]

    /// A matcher for some patterns.
    public init(_ patterns: [ChannelPattern]) {
        scans = patterns.map { PatternScan($0) }
    }

    /// Whether one of the patterns matches a name.
    public func matches(_ name: ChannelName) -> Bool {
        let bytes = name.description.utf8
        return scans.contains { $0.matches(bytes.span) }
    }
}
