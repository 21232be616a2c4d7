import Testing
import TimeLimits

@testable import Broadcasting

@Suite(.endsInTime()) struct `What is told of subscribers that come and go` {
    private let hub = HubFixture().hub

    private func note(_ subject: TopicSubject, _ change: Int = 1) {
        hub.state.withLock { $0.presence.note(subject, change, $0.remote) }
    }

    @Test func `is nothing while nobody watches`() throws {
        note(.channel(try ChannelName("news")))
        #expect(hub.takePresence(10).isEmpty)
    }

    @Test func `adds up for each channel until somebody asks`() throws {
        note(.pattern(try ChannelPattern("$crier/presence/**")))
        for change in [1, 1, -1] { note(.channel(try ChannelName("news")), change) }
        let told = try #require(hub.takePresence(10).first)
        #expect(told.presence.description == "$crier/presence/news" && told.joined == 2 && told.left == 1)
        #expect(hub.takePresence(10).isEmpty)
    }

    @Test func `leaves out channels beyond the limit, and not those that are remembered`() throws {
        note(.pattern(try ChannelPattern("$crier/presence/**")))
        for number in 0...PresenceChanges.limit { note(.channel(try ChannelName("c/\(number)"))) }
        note(.channel(try ChannelName("c/0")))
        let told = hub.takePresence(PresenceChanges.limit + 1)
        #expect(told.count == PresenceChanges.limit)
        #expect(told.first { $0.channel.description == "c/0" }?.joined == 2)
        // There is room again.
        note(.channel(try ChannelName("c/\(PresenceChanges.limit)")))
        #expect(hub.takePresence(2).count == 1)
    }
}
