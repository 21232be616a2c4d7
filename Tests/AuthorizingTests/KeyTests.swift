import Access
import Authorizing
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `The keys of tokens` {
    @Test(arguments: ["none", "None", "NONE", "nOnE", ""])
    func `a token without a signature is refused, however it is written`(_ algorithm: String) throws {
        let fixture = try TokenFixture()
        defer { fixture.remove() }
        #expect(
            try fixture.fault(TokenFixture.unsigned(header: #"{"alg":"\#(algorithm)"}"#, claims: "{}"))
                == .wrongAlgorithm)
        #expect(try fixture.fault(TokenFixture.unsigned(header: "{}", claims: "{}")) == .wrongAlgorithm)
        #expect(try fixture.fault(TokenFixture.unsigned(header: #"{"alg":"HS256"}"#, claims: "{}")) == .badSignature)
    }

    @Test func `the configuration, not the token, says which algorithm counts`() throws {
        let fixture = try TokenFixture()
        defer { fixture.remove() }
        #expect(try fixture.fault(try fixture.sign("{}", .hs384)) == .wrongAlgorithm)
        #expect(try fixture.fault(try fixture.sign("{}", .hs256)) == nil)
    }

    @Test func `a token that needs an extension is refused`() throws {
        let fixture = try TokenFixture()
        defer { fixture.remove() }
        let header = #"{"alg":"HS256","crit":["exp"]}"#
        #expect(try fixture.fault(TokenFixture.unsigned(header: header, claims: "{}")) == .criticalExtension)
    }

    @Test func `a changed token is refused, wherever it changed`() throws {
        let fixture = try TokenFixture()
        defer { fixture.remove() }
        let token = try fixture.sign(#"{"crier":{"subscribe":["a"]}}"#)
        for place in token.indices where token[place] != "." {
            var changed = token
            changed.replaceSubrange(place...place, with: token[place] == "A" ? "B" : "A")
            #expect(try fixture.fault(changed) != nil)
        }
        for count in 0..<token.count { #expect(try fixture.fault(String(token.prefix(count))) != nil) }
    }

    @Test func `a kid chooses among the keys, and a token with the kid of another key is refused`() throws {
        var fixture = try TokenFixture()
        defer { fixture.remove() }
        let other = try fixture.write("other", Array(TokenFixture.secret.reversed()))
        fixture.settings.jwt[0].kid = "one"
        var second = AccessSettings.JWT(source: .secret(other))
        second.kid = "two"
        fixture.settings.jwt.append(second)
        #expect(try fixture.fault(try fixture.sign("{}", kid: "one")) == nil)
        #expect(try fixture.fault(try fixture.sign("{}", kid: "two")) == .badSignature)
        #expect(try fixture.fault(try fixture.sign("{}", kid: "three")) == .unknownKey)
        #expect(try fixture.fault(try fixture.sign("{}")) == .unknownKey)
    }

    @Test func `a secret that is shorter than the hash is refused`() throws {
        var fixture = try TokenFixture()
        defer { fixture.remove() }
        fixture.settings.jwt[0].source = .secret(try fixture.write("short", Array(TokenFixture.secret.prefix(31))))
        #expect(throws: KeyProblem.self) { try Authority.check(fixture.settings) }
    }

    @Test func `an empty set of keys knows no key, and a broken one is an error`() throws {
        var fixture = try TokenFixture()
        defer { fixture.remove() }
        let token = try fixture.sign("{}")
        fixture.settings.jwt[0].source = .jwks(try fixture.write("set", Array(#"{"keys":[]}"#.utf8)))
        #expect(try fixture.fault(token) == .unknownKey)
        for text in ["", "[]", "{}", #"{"keys":7}"#, #"{"keys":[}"#] {
            fixture.settings.jwt[0].source = .jwks(try fixture.write("set", Array(text.utf8)))
            #expect(throws: KeyProblem.self) { try Authority.check(fixture.settings) }
        }
    }

    @Test func `a shared secret in a key set counts for nothing`() throws {
        var fixture = try TokenFixture()
        defer { fixture.remove() }
        let token = try fixture.sign("{}")
        let key = Base64URL.encode(TokenFixture.secret)
        let set = #"{"keys":[{"kty":"oct","alg":"HS256","k":"\#(key)"}]}"#
        fixture.settings.jwt[0].source = .jwks(try fixture.write("set", Array(set.utf8)))
        #expect(try fixture.fault(token) == .unknownKey)
    }

    @Test func `a static token is known by its hash, and another one is not`() throws {
        var fixture = try TokenFixture()
        defer { fixture.remove() }
        let token = StaticToken.random()
        let hash = stride(from: 0, to: 64, by: 2).map { UInt8(token.hash.dropFirst($0).prefix(2), radix: 16)! }
        fixture.settings.tokens = [AccessSettings.Token(name: "deploy", hash: hash, rights: Rights(isAdmin: true))]
        #expect(try fixture.verdict(token.text).get().name == "deploy")
        #expect(try fixture.fault(token.text + "x") == .unknown)
    }
}
