import Broadcasting
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `A channel pattern` {
    @Test(arguments: [
        ("a", "a", true), ("a", "b", false), ("a", "a/b", false), ("*", "a", true), ("*", "a/b", false),
        ("a/*", "a/b", true), ("a/*", "a", false), ("a/*", "a/b/c", false), ("a/*/c", "a/b/c", true),
        ("**", "a", true), ("**", "a/b/c", true), ("a/**", "a/b", true), ("a/**", "a/b/c", true),
        ("a/**", "a", false), ("*/b/**", "a/b/c/d", true), ("*/b/**", "a/c/d", false),
    ])
    func `matches one segment by * and one or more by **`(_ pattern: String, _ name: String, _ matches: Bool) throws {
        #expect(try ChannelPattern(pattern).matches(try ChannelName(name)) == matches)
    }

    @Test func `reports the rule that it breaks`() {
        #expect(throws: ChannelPattern.Invalid.emptySegment) { try ChannelPattern("") }
        #expect(throws: ChannelPattern.Invalid.emptySegment) { try ChannelPattern("a//b") }
        #expect(throws: ChannelPattern.Invalid.partialWildcard) { try ChannelPattern("a*") }
        #expect(throws: ChannelPattern.Invalid.tailNotLast) { try ChannelPattern("**/a") }
    }
}
