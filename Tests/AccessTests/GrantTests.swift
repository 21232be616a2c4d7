import Access
import Broadcasting
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `Grants` {
    private func grant(_ subscribe: [String], expiry: UInt64? = nil, by rule: AccessRule = AccessRule(fingerprint: []))
        throws -> Grant
    {
        Grant(name: "", Rights(subscribe: try subscribe.map { try ChannelPattern($0) }), expiry: expiry, by: rule)
    }

    private func readable(_ pattern: String, _ grants: [String]) throws -> [String] {
        try grant(grants).readable(try ChannelPattern(pattern), segments: 16).map(\.description)
    }

    @Test func `a subscription to a pattern gets what both the pattern and the grant cover`() throws {
        #expect(try readable("**", ["news/**", "a/b"]) == ["news/**", "a/b"])
        #expect(try readable("news/*", ["news/**"]) == ["news/*"])
        #expect(try readable("news/**", ["*/eu"]) == ["news/eu"])
        #expect(try readable("private/**", ["news/**"]) == [])
    }

    @Test func `no part of a subscription covers another one`() throws {
        #expect(try readable("**", ["a/b", "a/*", "a/**", "a/c"]) == ["a/**"])
    }

    @Test func `a pattern of more segments than a name may have grants nothing`() throws {
        let long = Array(repeating: "a", count: 17).joined(separator: "/")
        #expect(try readable("**", [long]) == [])
    }

    @Test func `asterisks do not grant the daemon's own channels`() throws {
        #expect(try !grant(["**"]).maySubscribe(to: ChannelName("$crier/x")))
        #expect(try readable("$crier/**", ["**"]) == [])
        #expect(try readable("$crier/**", ["$crier/*"]) == ["$crier/*"])
    }

    @Test func `a grant is over at its expiry, or when one of its rules is revoked`() throws {
        let rules = [AccessRule(fingerprint: [1]), AccessRule(fingerprint: [2])]
        let both = try grant(["a"], expiry: 1000, by: rules[0]).adding(try grant(["b"], by: rules[1]))
        #expect(!both.isOver(at: 999))
        #expect(both.isOver(at: 1000))
        rules[1].revoke()
        #expect(both.isOver(at: 0))
    }
}
