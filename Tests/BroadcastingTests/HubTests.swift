import Testing
import TimeLimits

@testable import Broadcasting

@Suite(.endsInTime()) struct `The hub` {
    @Test func `lists every channel once over the pages of the list`() throws {
        let fixture = HubFixture()
        let names = ["a", "b", "c", "d", "e"]
        for name in names { try fixture.publish("x", to: name) }
        var listed: [String] = []
        var next: String?
        repeat {
            let page = fixture.hub.summaries(after: next, count: 2)
            listed += page.summaries.map(\.name.description)
            next = page.next
        } while next != nil && listed.count <= names.count
        #expect(listed == names)
    }

    @Test func `counts no bytes of an evicted event, its key included`() throws {
        let fixture = try SlowPolicyFixture(HistoryLimits(events: 1))
        try fixture.publish("x", to: "l/1", key: "key")
        let bytes = fixture.hub.summary.bytes
        for _ in 0..<3 { try fixture.publish("x", to: "l/1", key: "key") }
        #expect(fixture.hub.summary.bytes == bytes)
    }

    @Test func `numbers events over all channels and returns their ids to the publisher`() throws {
        let fixture = HubFixture()
        #expect(try fixture.publish("x", to: "a").first == "e-1")
        #expect(try fixture.publish("y", to: "b").first == "e-2")
        #expect(try fixture.publish("z", to: "a", id: "mine").first == "mine")
    }

    @Test func `posts an event to a loop only while the loop has subscribers of the channel`() throws {
        let fixture = HubFixture()
        try fixture.publish("unseen", to: "a")
        #expect(fixture.items().isEmpty)
        _ = try fixture.subscribe("a")
        try fixture.publish("x", to: "a")
        try fixture.publish("y", to: "b")
        #expect(fixture.items().map { fixture.text($0.frame) } == [wire(2, "x")])
    }

    @Test func `starts a new subscriber at the head, and replays exactly the missed events to one that resumes`() throws
    {
        let fixture = HubFixture()
        for number in 1...5 { try fixture.publish("\(number)", to: "a") }
        let new = try #require(try fixture.subscribe("a"))
        #expect(new.position == 5 && !new.isBehind && new.gap == nil)
        let resuming = try #require(try fixture.subscribe("a", from: "e-2"))
        #expect(resuming.isBehind && resuming.gap == nil)
        #expect(fixture.replay(resuming) == [wire(3, "3"), wire(4, "4"), wire(5, "5")])
    }

    @Test func `replays the same events however small the slices are`() throws {
        let fixture = HubFixture()
        for number in 1...50 { try fixture.publish("\(number)", to: number % 3 == 0 ? "b" : "a") }
        let subscription = try #require(try fixture.subscribe("a", "b", from: "e-7"))
        let whole = fixture.replay(subscription, budget: .max)
        #expect(whole.count == 43)
        for budget in [1, 30, 100, 1000] { #expect(fixture.replay(subscription, budget: budget) == whole) }
    }

    @Test func `sends an event of two channels once to a subscriber of both`() throws {
        let fixture = HubFixture()
        let start = try fixture.publish("start", to: "a").first
        try fixture.publish("both", to: "a", "b")
        try fixture.publish("b only", to: "b")
        let subscription = try #require(try fixture.subscribe("a", "b", from: start))
        #expect(fixture.replay(subscription) == [wire(2, "both"), wire(3, "b only")])
    }

    @Test func `counts a channel once when a request names it twice`() throws {
        let fixture = HubFixture()
        #expect(try fixture.publish("x", to: "a", "a").channels.count == 1)
        let subscription = try #require(try fixture.subscribe("a", "a"))
        #expect(subscription.cursors.count == 1)
    }

    @Test func `neither repeats nor omits an event between replay and live delivery`() throws {
        let fixture = HubFixture()
        try fixture.publish("1", to: "a")
        let subscription = try #require(try fixture.subscribe("a", from: "e-0"))
        try fixture.publish("2", to: "a")
        var frames: [Frame] = []
        let slice = fixture.hub.read(
            subscription.cursors, after: subscription.position, now: 0, budget: .max, into: &frames)
        try fixture.publish("3", to: "a")
        let head = try #require(slice.head)
        #expect(frames.map(fixture.text) == [wire(1, "1"), wire(2, "2")])
        #expect(fixture.items().filter { $0.frame.sequence > head }.map { fixture.text($0.frame) } == [wire(3, "3")])
    }
}
