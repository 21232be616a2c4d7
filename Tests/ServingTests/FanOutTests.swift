import EventStreams
import Hooks
import Glibc
import Kernel
import Logging
import Testing
import TimeLimits

@testable import Broadcasting
@testable import Serving

/// A loop's fan-out and its subscribers, over a hub, with one client.
private struct FanOutFixture: ~Copyable {
    let hub: Hub
    let mailbox: Mailbox
    var connections: Connections
    var subscribers: Subscribers
    var fanOut: FanOut
    let client: Descriptor
    /// The stream of the client.
    let stream: StreamHandle

    init() throws {
        let port = try LoopPort()
        let (client, server) = try Self.socketPair()
        let hub = Hub(epoch: Epoch(description: "e"), policy: HistoryPolicy(), mailboxes: [port.mailbox])
        let readiness = try ReadinessChecks(hub, [port])
        mailbox = port.mailbox
        self.hub = hub
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let context = LoopContext(
            index: 0, hub: hub, ports: [port], listeners: [], throttle: PublisherThrottle([port]),
            connectionCount: ConnectionCount(loops: 1), addressCounts: AddressCounts(), limiter: RateLimiter(),
            subscriberCounts: SubscriberCounts(), bodies: BodyMemory(), incompleteRequests: IncompleteRequests(),
            recovery: nil, life: Life(version: "1", started: 0),
            readiness: readiness, endedSessions: EndedSessions(),
            logChannel: LogChannel(), hooks: Hooks(log: log), cluster: nil, nodeQuestions: NodeQuestions(), log: log)
        subscribers = Subscribers(heartbeat: 15_000, RecoveryArea(), port.status)
        fanOut = FanOut(context, backlogLimit: 1 << 20)
        connections = Connections()
        let connection = Connection(
            Transport(Descriptor(owning: server)), Arrival(listener: 0, admission: .served, address: .none))
        stream = StreamHandle(connection: connections.insert(connection))
        self.client = Descriptor(owning: client)
    }

    private static func socketPair() throws -> (CInt, CInt) {
        var numbers: [CInt] = [0, 0]
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        try #require(unsafe socketpair(AF_UNIX, type, 0, &numbers) == 0)
        return (numbers[0], numbers[1])
    }

    mutating func subscribe(
        _ channels: String..., as form: StreamForm = .bare
    ) throws -> UInt32 {
        try subscribe(channels, as: form)
    }

    mutating func subscribe(
        _ channels: [String], patterns: [String] = [], as form: StreamForm = .bare
    ) throws -> UInt32 {
        let request = SubscriptionRequest(
            channels: try channels.map { try ChannelName($0) }, patterns: try patterns.map { try ChannelPattern($0) })
        guard case .subscribed(let subscription) = hub.subscribe(request, on: 0, now: 0) else {
            throw Failure(text: "the hub refused the subscription")
        }
        let topics = fanOut.add(subscribers.nextSlot(), form, subscription.cursors, subscription.subjects)
        var generator = SystemRandomNumberGenerator()
        return subscribers.insert(
            Subscriber(
                .random(using: &generator), stream, form, .live, at: subscription.position, topics,
                client: ClientDetails(agent: [], address: nil), since: 0))
    }

    func publish(_ data: String, to channels: String..., event: String? = nil) throws {
        let event = Event(name: try event.flatMap { try EventName($0) }, data: EventData(data))
        let publication = Publication(event, to: try channels.map { try ChannelName($0) })
        _ = hub.publish([publication], reply: ReplyAddress(loop: 0, token: 0), now: 0)
    }

    func end(_ channel: String) throws {
        _ = hub.end(try ChannelName(channel), reply: ReplyAddress(loop: 0, token: 0), now: 0)
    }

    /// Writes all events that wait.
    mutating func run() {
        fanOut.collectItems()
        while !fanOut.isIdle { fanOut.runSlice(&subscribers, connections, until: .max) }
    }

    /// What the client has received since the last call.
    func received() -> String {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        guard case .bytes(let count) = client.read(into: &buffer) else { return "" }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    struct Failure: Error { let text: String }
}

@Suite(.endsInTime()) struct `A subscriber of several channels` {
    @Test func `receives no event of a channel after its end, and goes on with the others`() throws {
        var fixture = try FanOutFixture()
        let slot = try fixture.subscribe("a", "b")
        try fixture.end("a")
        try fixture.publish("later", to: "a")
        try fixture.publish("other", to: "b")
        fixture.run()
        let received = fixture.received()
        #expect(received.contains("event: crier.end\ndata: {\"channel\":\"a\"}") && received.contains("data: other"))
        #expect(!received.contains("data: later"))
        let ended = fixture.subscribers.takeEndedTopics()
        #expect(ended.map(\.slot) == [slot])
    }

    @Test func `leaves a channel when it has received the rest of the end of that channel`() throws {
        var fixture = try FanOutFixture()
        let slot = try fixture.subscribe("a", "b")
        let topic = fixture.subscribers[slot].topics.cursors[0].topic
        try fixture.end("a")
        var items: [MailboxItem] = []
        fixture.mailbox.collectItems(into: &items)
        let end = try #require(items.first { $0.frame.endsTopic != nil }?.frame)
        fixture.subscribers[slot].state = .behind(.queued(.event(end, offset: 7)), isSlow: true)
        let isReady = fixture.subscribers.writePending(slot, &fixture.connections)
        #expect(isReady && fixture.received().hasPrefix("crier.end\n"))
        let ended = fixture.subscribers.takeEndedTopics()
        #expect(ended.map(\.slot) == [slot] && ended.map(\.topic) == [topic])
    }
}

@Suite(.endsInTime()) struct `The form of a stream` {
    @Test(arguments: StreamForm.allCases)
    func `decides how it gets an event`(_ form: StreamForm) throws {
        var fixture = try FanOutFixture()
        _ = try fixture.subscribe("a", as: form)
        try fixture.publish("one\ntwo", to: "a")
        fixture.run()
        let bare = "id: e-1\ndata: one\ndata: two\n\n"
        let envelope = "id: e-1\ndata: {\"channel\":\"a\",\"event\":\"message\",\"data\":\"one\\ntwo\"}\n\n"
        let expected =
            switch form {
            case .bare: bare
            case .chunked: "\(String(bare.utf8.count, radix: 16))\r\n\(bare)\r\n"
            case .bareEnvelope: envelope
            case .chunkedEnvelope: "\(String(envelope.utf8.count, radix: 16))\r\n\(envelope)\r\n"
            }
        #expect(fixture.received() == expected)
    }

    @Test func `lets each of several streams have its own, and one event pass through all of them once`() throws {
        var fixture = try FanOutFixture()
        for form in StreamForm.allCases { _ = try fixture.subscribe("a", as: form) }
        _ = try fixture.subscribe("a", "b", as: .bareEnvelope)
        for number in 1...3 { try fixture.publish("<\(number)>", to: "a") }
        fixture.run()
        let received = fixture.received()
        for number in 1...3 { #expect(received.split(separator: "<\(number)>").count == 6) }
        #expect(received.split(separator: "\"channel\":\"a\"").count == 10)
    }

    @Test(arguments: [
        (["b"], [], "b"), (["c"], [], "c"), (["a", "c", "b"], [], "a"), ([], ["news/*"], "news/eu"),
        (["b"], ["news/**"], "b"),
        (["c"], ["news/*"], "news/eu"),
    ])
    func `names the first channel of an event, in the publisher's order, that the subscription covers`(
        _ channels: [String], _ patterns: [String], _ expected: String
    ) throws {
        var fixture = try FanOutFixture()
        _ = try fixture.subscribe(channels, patterns: patterns, as: .bareEnvelope)
        try fixture.publish("x", to: "a", "b", "news/eu", "c", event: "add")
        fixture.run()
        let data = "{\"channel\":\"\(expected)\",\"event\":\"add\",\"data\":\"x\"}"
        #expect(fixture.received() == "id: e-1\ndata: \(data)\n\n")
    }

    @Test func `shares one envelope among all of its streams, and keeps it no longer than they need it`() throws {
        var fixture = try FanOutFixture()
        for _ in 0..<3 { _ = try fixture.subscribe("a", as: .bareEnvelope) }
        try fixture.publish("x", to: "a")
        var items: [MailboxItem] = []
        fixture.mailbox.collectItems(into: &items)
        let frame = try #require(items.first?.frame)
        for _ in 0..<2 { _ = frame.envelope { _ in true } }
        #expect(frame.envelopeCount == 1)
        fixture.mailbox.deliver(items)
        fixture.run()
        #expect(frame.envelopeCount == 0, "it is freed when the loop has written it")
        // A subscriber that stalls and still holds it shares it with those that come later.
        let held = frame.envelope { _ in true }
        frame.releaseEnvelopes()
        let again = frame.envelope { _ in true }
        #expect(unsafe again.bytes.baseAddress == held.bytes.baseAddress)
    }
}
