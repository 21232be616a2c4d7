import Testing
import TimeLimits

@testable import Broadcasting

/// Clients that bring a position that their node has not reached.
@Suite(.endsInTime()) struct `Clients that are ahead of their node` {
    private let fixture = HubFixture()

    init() { fixture.hub.share(as: "a", uncertainThrough: 0) }

    private func wait(_ client: UInt64, for number: UInt64, now: UInt64 = 1) {
        fixture.hub.wait(for: number, reply: ReplyAddress(loop: 0, token: client), now: now)
    }

    private func told() -> [UInt64] {
        fixture.mailbox.collectCompletions().compactMap { if case .reached(let client) = $0 { client } else { nil } }
    }

    @Test func `wait as long as the limit allows, and further ones are told at once`() {
        let far = SharedNumber.first(of: 9)
        for client in 0..<UInt64(SharedQueue.mostAhead) { wait(client, for: far) }
        #expect(told() == [])
        wait(100_000, for: far)
        #expect(told() == [100_000])
        // Those who leave make room.
        fixture.hub.judgeWaiting(beyond: 8, askedBefore: 2)
        #expect(told().count == SharedQueue.mostAhead)
        wait(100_001, for: far, now: 2)
        #expect(told() == [])
    }

    @Test func `wait for the next look at the log when they have asked since the last one began`() {
        wait(1, for: SharedNumber.first(of: 9), now: 5)
        fixture.hub.judgeWaiting(beyond: 8, askedBefore: 5)
        #expect(told() == [])
        fixture.hub.judgeWaiting(beyond: 9, askedBefore: 6)
        #expect(told() == [])
        fixture.hub.judgeWaiting(beyond: 8, askedBefore: 6)
        #expect(told() == [1])
    }
}
