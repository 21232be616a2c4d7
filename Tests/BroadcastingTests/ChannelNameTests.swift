import Broadcasting
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `A channel name` {
    @Test(arguments: ["news", "news/eu", "a/b/c", "ünï", "$crier/x", "with space", "a.b-c_d~e", "?&=#%"])
    func `consists of any segments between slashes`(_ text: String) throws {
        #expect(try ChannelName(text).description == text)
    }

    @Test func `reports the rule that it breaks`() {
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

    @Test func `has at most 255 bytes`() throws {
        _ = try ChannelName(String(repeating: "x", count: 255))
        #expect(throws: ChannelName.Invalid.tooLong) { try ChannelName(String(repeating: "x", count: 256)) }
    }

    @Test func `equals another name only when their bytes are equal`() throws {
        #expect(try ChannelName("\u{E9}") != ChannelName("e\u{301}"))
        #expect(try Set([ChannelName("\u{E9}"), ChannelName("e\u{301}"), ChannelName("\u{E9}")]).count == 2)
    }

    @Test func `is reserved when its first segment begins with a dollar sign`() throws {
        #expect(try ChannelName("$crier/x").isReserved)
        #expect(try !ChannelName("a/$x").isReserved)
    }
}
