import Access
import Authorizing
import Broadcasting
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `The claims of a token` {
    private let now = TokenFixture.nowSeconds

    private func fault(_ claims: String, _ change: (inout AccessSettings.JWT) -> Void = { _ in }) throws -> TokenFault?
    {
        var fixture = try TokenFixture()
        defer { fixture.remove() }
        change(&fixture.settings.jwt[0])
        return try fixture.fault(try fixture.sign(claims))
    }

    private func grant(_ claims: String, _ change: (inout AccessSettings) -> Void = { _ in }) throws -> Grant {
        var fixture = try TokenFixture()
        defer { fixture.remove() }
        change(&fixture.settings)
        return try fixture.verdict(try fixture.sign(claims)).get()
    }

    @Test func `exp and nbf count with the leeway of 30 s, to the second`() throws {
        #expect(try fault(#"{"exp":\#(now - 29)}"#) == nil)
        #expect(try fault(#"{"exp":\#(now - 30)}"#) == .expired)
        #expect(try fault(#"{"nbf":\#(now + 30)}"#) == nil)
        #expect(try fault(#"{"nbf":\#(now + 31)}"#) == .notYetValid)
        #expect(try fault(#"{"exp":\#(now).75e0}"#) == nil)
    }

    @Test func `a grant ends when the token does, with the leeway`() throws {
        #expect(try grant(#"{"exp":\#(now + 60)}"#).expiry == UInt64(now + 90) * 1000)
        #expect(try grant("{}").expiry == nil)
    }

    @Test func `the issuer must be the configured one`() throws {
        #expect(try fault(#"{"iss":"a"}"#) { $0.issuer = "a" } == nil)
        #expect(try fault(#"{"iss":"b"}"#) { $0.issuer = "a" } == .wrongIssuer)
        #expect(try fault("{}") { $0.issuer = "a" } == .wrongIssuer)
    }

    @Test func `a token for another audience is refused, also when crier has none`() throws {
        #expect(try fault(#"{"aud":"a"}"#) { $0.audience = "a" } == nil)
        #expect(try fault(#"{"aud":["b","a"]}"#) { $0.audience = "a" } == nil)
        #expect(try fault(#"{"aud":"b"}"#) { $0.audience = "a" } == .wrongAudience)
        #expect(try fault("{}") { $0.audience = "a" } == .wrongAudience)
        #expect(try fault(#"{"aud":"b"}"#) == .wrongAudience)
    }

    @Test(arguments: [
        #"{"exp":99999999999,"exp":1}"#, #"{"crier":{},"crier":{"admin":true}}"#,
        #"{"crier":{"publish":[],"publish":["**"]}}"#, #"{"\u0065xp":1,"exp":99999999999}"#,
    ])
    func `a claim twice is refused, whatever its values`(_ claims: String) throws {
        #expect(try fault(claims) == .repeatedClaim)
    }

    @Test(arguments: ["", "[]", "1", "{", "{}x", "{'a':1}", "null", "{\"a\":\u{1}}"])
    func `claims that are no JSON object are refused`(_ claims: String) throws {
        // Without claims there would be no second part.
        #expect(try fault(claims) == (claims.isEmpty ? .unknown : .notJSON))
    }

    @Test func `deeply nested JSON is refused without using up the stack`() throws {
        let depth = 5000
        let value = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(try fault(#"{"a":\#(value)}"#) == .nestedTooDeeply)
    }

    @Test(arguments: [
        #"{"exp":"soon"}"#, #"{"exp":-1}"#, #"{"exp":1e300}"#, #"{"nbf":null}"#, #"{"aud":7}"#, #"{"crier":[]}"#,
        #"{"crier":{"subscribe":"a"}}"#, #"{"crier":{"subscribe":[1]}}"#, #"{"crier":{"admin":1}}"#,
        #"{"crier":{"name":7}}"#, #"{"sub":7}"#, #"{"sub":"a\u0000b"}"#, #"{"scope":{}}"#,
    ])
    func `a claim of another type is refused`(_ claims: String) throws {
        #expect(try fault(claims) == .badClaim)
    }

    @Test func `a pattern that is none, and too many patterns, are refused`() throws {
        #expect(try fault(#"{"crier":{"subscribe":["a*"]}}"#) == .badPattern)
        let many = (0...TokenFault.patternLimit).map { "\"a\($0)\"" }.joined(separator: ",")
        #expect(try fault(#"{"crier":{"publish":[\#(many)]}}"#) == .tooManyPatterns)
    }

    @Test func `the claim of crier grants, and names the caller`() throws {
        let claims = #"{"sub":"s","crier":{"subscribe":["a/**"],"publish":["b"],"admin":true,"name":"joe","later":1}}"#
        let grant = try grant(claims)
        #expect(grant.name == "joe")
        #expect(grant.rights.subscribe.map(\.description) == ["a/**"])
        #expect(grant.rights.publish.map(\.description) == ["b"])
        #expect(grant.rights.isAdmin)
        #expect(try self.grant("{}").rights.isEmpty)
    }

    @Test func `names of claims map to what an identity provider issues: a claim with a URL, sub, scopes`() throws {
        let claims =
            #"{"email":"joe@x.example","https://x.example/c":{"publish":["p"]},"uid":"7","scp":["read other"]}"#
        let grant = try grant(claims) { settings in
            settings.jwt[0].claim = "https://x.example/c"
            settings.jwt[0].nameClaim = "email"
            settings.jwt[0].scopeClaim = "scp"
            settings.jwt[0].subscribe = ["users/{uid}/**", "users/{missing}/**"]
            settings.scopes = [
                AccessSettings.Scope(name: "read", rights: Rights(subscribe: [try! ChannelPattern("news/**")])),
                AccessSettings.Scope(name: "write", rights: Rights(isAdmin: true)),
            ]
        }
        #expect(grant.name == "joe@x.example")
        #expect(grant.rights.subscribe.map(\.description) == ["users/7/**", "news/**"])
        #expect(grant.rights.publish.map(\.description) == ["p"])
        #expect(!grant.rights.isAdmin)
    }
}
