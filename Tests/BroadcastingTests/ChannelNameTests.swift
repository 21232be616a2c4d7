import Broadcasting
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `Channel names` {
    @Test(arguments: ["news", "news/eu", "a/b/c", "ünï", "$crier/x", "with space", "a.b-c_d~e", "?&=#%"])
    func `may be any segments between slashes`(_ text: String) throws {
        #expect(try ChannelName(text).description == text)
    }

    @Test func `are refused with the reason`() {
        #expect(throws: ChannelName.Invalid.empty) { try ChannelName("") }
        for text in ["/", "/a", "a/", "a//b"] {
            #expect(throws: ChannelName.Invalid.emptySegment) { try ChannelName(text) }
        }
        for text in ["*", "a/*", "a/**", "x*"] {
            #expect(throws: ChannelName.Invalid.asterisk) { try ChannelName(text) }
        }
        for text in ["a\nb", "a\0", "\u{7F}", "\u{85}"] {
            #expect(throws: ChannelName.Invalid.controlCharacter) { try ChannelName(text) }
        }
        #expect(throws: ChannelName.Invalid.notUTF8) { try ChannelName(utf8: [0x61, 0xFF]) }
    }

    @Test func `have 255 bytes at most`() throws {
        _ = try ChannelName(String(repeating: "x", count: 255))
        #expect(throws: ChannelName.Invalid.tooLong) { try ChannelName(String(repeating: "x", count: 256)) }
    }

    @Test func `are the same when their bytes are`() throws {
        #expect(try ChannelName("\u{E9}") != ChannelName("e\u{301}"))
        #expect(try Set([ChannelName("\u{E9}"), ChannelName("e\u{301}"), ChannelName("\u{E9}")]).count == 2)
    }

    @Test func `that begin with a dollar sign are the daemon's own`() throws {
        #expect(try ChannelName("$crier/x").isReserved)
        #expect(try !ChannelName("a/$x").isReserved)
    }
}

@Suite(.endsInTime()) struct `Channel patterns` {
    @Test(arguments: [
        ("a", "a", true), ("a", "b", false), ("a", "a/b", false), ("*", "a", true), ("*", "a/b", false),
        ("a/*", "a/b", true), ("a/*", "a", false), ("a/*", "a/b/c", false), ("a/*/c", "a/b/c", true),
        ("**", "a", true), ("**", "a/b/c", true), ("a/**", "a/b", true), ("a/**", "a/b/c", true),
        ("a/**", "a", false), ("*/b/**", "a/b/c/d", true), ("*/b/**", "a/c/d", false),
    ])
    func `match one segment by * and one or more by **`(_ pattern: String, _ name: String, _ matches: Bool) throws {
        #expect(try ChannelPattern(pattern).matches(try ChannelName(name)) == matches)
    }

    @Test func `are refused with the reason`() {
        #expect(throws: ChannelPattern.Invalid.emptySegment) { try ChannelPattern("") }
        #expect(throws: ChannelPattern.Invalid.emptySegment) { try ChannelPattern("a//b") }
        #expect(throws: ChannelPattern.Invalid.partialWildcard) { try ChannelPattern("a*") }
        #expect(throws: ChannelPattern.Invalid.tailNotLast) { try ChannelPattern("**/a") }
    }
}

@Suite(.endsInTime()) struct `Event positions` {
    @Test func `are read as they are written`() throws {
        let position = EventPosition(epoch: Epoch(description: "k3f9x2"), sequence: 42)
        #expect(position.description == "k3f9x2-42")
        #expect(EventPosition("k3f9x2-42") == position)
    }

    @Test(arguments: ["", "-", "k-", "-1", "k-x", "k-01", "k-+1", "k--", "42", "k-18446744073709551616", "k-1 "])
    func `have one spelling only`(_ text: String) {
        #expect(EventPosition(text) == nil)
    }

    @Test func `are of an epoch that browsers send without asking first`() {
        for _ in 0..<100 {
            #expect(
                Epoch.random().description.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) })
        }
    }
}
