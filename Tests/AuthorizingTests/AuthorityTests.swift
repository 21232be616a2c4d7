import Access
import Authorizing
import Broadcasting
import Glibc
import Logging
import Synchronization
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `The authority` {
    private func authority(_ limits: VerificationLimits = VerificationLimits()) throws -> Authority {
        try Authority(threads: 1, limits: limits, log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test func `without rules nobody needs a credential`() throws {
        let authority = try authority()
        defer { authority.stop() }
        #expect(try authority.apply(AccessSettings(), VerificationLimits()) == nil)
    }

    @Test func `a verified token is known from then on, until it expires`() throws {
        let fixture = try TokenFixture()
        defer { fixture.remove() }
        let authority = try authority()
        defer { authority.stop() }
        _ = try authority.apply(fixture.settings, VerificationLimits())
        let token = Array(try fixture.sign(#"{"exp":\#(TokenFixture.nowSeconds + 60)}"#).utf8)
        #expect(authority.knownGrant(token, now: TokenFixture.now) == nil)
        _ = try authority.verdict(token, now: TokenFixture.now).get()
        #expect(authority.knownGrant(token, now: TokenFixture.now) != nil)
        #expect(authority.knownGrant(token, now: TokenFixture.now + 90_000) == nil)
    }

    @Test func `a reload ends the grants of a key that is gone, and keeps those of one that stays`() throws {
        var fixture = try TokenFixture()
        defer { fixture.remove() }
        let authority = try authority()
        defer { authority.stop() }
        _ = try authority.apply(fixture.settings, VerificationLimits())
        let token = Array(try fixture.sign("{}").utf8)
        let grant = try authority.verdict(token, now: TokenFixture.now).get()
        _ = try authority.apply(fixture.settings, VerificationLimits())
        #expect(!grant.isRevoked)
        _ = try fixture.write("secret", Array(TokenFixture.secret.reversed()))
        _ = try authority.apply(fixture.settings, VerificationLimits())
        #expect(grant.isRevoked)
        #expect(authority.knownGrant(token, now: TokenFixture.now) == nil)
        fixture.settings.jwt = []
        fixture.settings.anonymous = Rights()
        #expect(try authority.apply(fixture.settings, VerificationLimits()) != nil)
    }

    @Test func `a reload with a bad key changes nothing`() throws {
        var fixture = try TokenFixture()
        defer { fixture.remove() }
        let authority = try authority()
        defer { authority.stop() }
        _ = try authority.apply(fixture.settings, VerificationLimits())
        let token = Array(try fixture.sign("{}").utf8)
        let grant = try authority.verdict(token, now: TokenFixture.now).get()
        fixture.settings.jwt.append(AccessSettings.JWT(source: .key("/nowhere")))
        #expect(throws: KeyProblem.self) { try authority.apply(fixture.settings, VerificationLimits()) }
        #expect(!grant.isRevoked)
    }

    @Test func `beyond the limit no token waits to be verified`() throws {
        let fixture = try TokenFixture()
        defer { fixture.remove() }
        var limits = VerificationLimits()
        limits.waiting = 2
        let authority = try authority(limits)
        defer { authority.stop() }
        _ = try authority.apply(fixture.settings, limits)
        let token = Array(try fixture.sign("{}").utf8)
        let gate = Mutex(())
        let answers = Mutex(0)
        let accepted = gate.withLock { _ in
            // The thread waits for the gate with the first of them; at most two more wait in the queue.
            (0..<10).count { _ in
                authority.verify(token, now: TokenFixture.now) { _ in
                    gate.withLock { _ in }
                    answers.withLock { $0 += 1 }
                }
            }
        }
        #expect((2...3).contains(accepted))
        while answers.withLock({ $0 }) < accepted { Thread.yield() }
    }

    @Test func `the memory for verified tokens has a limit`() throws {
        let fixture = try TokenFixture()
        defer { fixture.remove() }
        var limits = VerificationLimits()
        limits.cachedBytes = 64 * 1024
        let authority = try authority(limits)
        defer { authority.stop() }
        _ = try authority.apply(fixture.settings, limits)
        var tokens: [[UInt8]] = []
        for number in 0..<1000 {
            let token = Array(try fixture.sign(#"{"jti":"\#(number)"}"#).utf8)
            tokens.append(token)
            _ = try authority.verdict(token, now: TokenFixture.now).get()
        }
        let known = tokens.count { authority.knownGrant($0, now: TokenFixture.now) != nil }
        #expect((32...170).contains(known))
        #expect(authority.knownGrant(tokens[999], now: TokenFixture.now) != nil)
    }
}

/// Lets other threads run.
enum Thread {
    static func yield() { _ = sched_yield() }
}
