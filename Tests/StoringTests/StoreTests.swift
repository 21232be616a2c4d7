import Dispatch
import Broadcasting
import EventStreams
import GRDB
import Glibc
import Kernel
import Logging
import Testing
import TimeLimits

@testable import Storing

/// A file in a directory that its owner deletes at the end.
private final class Place {
    let directory: String
    var path: String { "\(directory)/history.db" }

    init() throws {
        var template = Array("/tmp/crier-store-\0".utf8.map { CChar(bitPattern: $0) })
        template.insert(contentsOf: Array("XXXXXX".utf8.map { CChar(bitPattern: $0) }), at: template.count - 1)
        let made = unsafe mkdtemp(&template).map { unsafe String(cString: $0) }
        directory = try #require(made)
    }

    private var copy: String { "\(directory)/copy.db" }

    func backUp() throws { try DatabaseQueue(path: path).backup(to: DatabaseQueue(path: copy)) }

    func putBack() throws { try DatabaseQueue(path: copy).backup(to: DatabaseQueue(path: path)) }

    func change(_ sql: String) throws { try DatabaseQueue(path: path).write { db in try db.execute(sql: sql) } }

    deinit {
        for name in Directory.names(directory) { unsafe unlink("\(directory)/\(name)") }
        unsafe rmdir(directory)
    }
}

private func store(_ place: Place, _ durability: Store.Durability = .normal) throws -> Store {
    let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    // Other tests start processes. Each inherits our descriptors, and with them the lock, until it runs its own program.
    for _ in 0..<1000 {
        do { return try Store(path: place.path, durability: durability, log: log) } catch {
            guard error.description.contains("another crier") else { throw error }
            usleep(10_000)
        }
    }
    return try Store(path: place.path, durability: durability, log: log)
}

/// A hub with what a store has.
private func restored(_ store: Store) throws -> Hub {
    let stored = try store.loadState()
    let hub = Hub(
        epoch: stored.epochs.current, policy: HistoryPolicy(), mailboxes: [Mailbox(wakeLoop: {})], archive: store)
    hub.restore(stored)
    try store.restore(into: hub, memory: 1 << 20)
    hub.finishRestoring(now: Clock.realtime)
    return hub
}

/// Publishes an event and waits until the file has it.
private func publish(
    _ data: String, _ store: Store, idempotency: Idempotency? = nil, _ policy: HistoryPolicy = HistoryPolicy()
) throws -> String {
    let mailbox = Mailbox(wakeLoop: {})
    let stored = try store.loadState()
    let hub = Hub(epoch: stored.epochs.current, policy: policy, mailboxes: [mailbox], archive: store)
    hub.restore(stored)
    try store.restore(into: hub, memory: 0)
    hub.finishRestoring(now: Clock.realtime)
    try store.start(hub)
    let publication = Publication(Event(data: EventData(data)), to: [try ChannelName("a")])
    guard
        case .pending = hub.publish(
            [publication], idempotency: idempotency, reply: ReplyAddress(loop: 0, token: 1), now: Clock.realtime)
    else {
        preconditionFailure("the event cannot be stored yet")
    }
    store.stop()
    for case .published(1, let receipt) in mailbox.collectCompletions() { return receipt.first }
    preconditionFailure("the event was not written")
}

@Suite(.endsInTime()) struct `A store` {
    @Test(arguments: [
        (
            "UPDATE meta SET value = 0 WHERE name = 'closed'; UPDATE meta SET value = 'another' WHERE name = 'boot'",
            1 << 32
        ),
        ("UPDATE events SET checksum = 0", 0),
    ])
    func `that lost power or was damaged still reports so after a second restart`(
        damage: String, leap: UInt64
    ) throws {
        let place = try Place()
        _ = try publish("before", try store(place))
        try place.change(damage)
        _ = try publish("after", try store(place))
        #expect(try store(place).loadState().uncertainThrough == leap + 1)
    }

    @Test func `continues with the next number, and writes all waiting events before it stops`() throws {
        let place = try Place()
        let ids = try (0..<3).map { number in try publish("\(number)", try store(place)) }
        #expect(ids.map { $0.suffix(2) } == ["-1", "-2", "-3"])
        #expect(Set(ids.map { $0.dropLast(2) }).count == 3, "each process begins an epoch")
        let epochs = try store(place).loadState().epochs
        #expect(epochs.all.dropLast().map { "\($0.epoch)-\($0.first)" } == ids)
    }

    @Test func `that was put back from a copy knows no position of after the copy, however far it grows`() throws {
        let place = try Place()
        let before = try publish("in the copy", try store(place))
        try place.backUp()
        let lost = try (0..<3).map { number in try publish("\(number)", try store(place)) }
        try place.putBack()
        for number in 0..<5 { _ = try publish("after the copy \(number)", try store(place)) }
        let stored = try store(place).loadState()
        let position = try #require(EventPosition(before))
        #expect(stored.epochs.all.contains { $0.epoch == position.epoch && $0.first == 1 })
        #expect(
            !stored.epochs.all.contains { beginning in lost.contains { $0.hasPrefix(beginning.epoch.description) } })
        #expect(stored.head == 6)
    }

    @Test(arguments: [("normal", true), ("full", false)])
    func `skips numbers that a power loss may have lost, unless writes wait for the disk`(
        durability: String, skips: Bool
    ) throws {
        let place = try Place()
        let id = try publish("before", try store(place, try #require(Store.Durability(rawValue: durability))))
        try place.change("UPDATE meta SET value = 0 WHERE name = 'closed'")
        #expect(try store(place).loadState().head == 1, "the machine has not rebooted")
        try place.change(
            "UPDATE meta SET value = 'another' WHERE name = 'boot'; UPDATE meta SET value = '\(durability)' WHERE name = 'durability'"
        )
        let reopened = try store(place)
        let stored = try reopened.loadState()
        #expect(stored.head == (skips ? 1 << 32 + 1 : 1) && stored.uncertainThrough == (skips ? stored.head : 0))
        let hub = Hub(
            epoch: stored.epochs.current, policy: HistoryPolicy(), mailboxes: [Mailbox(wakeLoop: {})], archive: reopened
        )
        hub.restore(stored)
        try reopened.restore(into: hub, memory: 1 << 20)
        let request = SubscriptionRequest(channels: [try ChannelName("a")], lastEventID: Array(id.utf8))
        guard case .subscribed(let subscription) = hub.subscribe(request, on: 0, now: 0) else {
            return #expect(Bool(false))
        }
        #expect((subscription.gap != nil) == skips && subscription.gap?.lost == nil)
    }

    @Test func `that was closed properly has lost nothing with the power`() throws {
        let place = try Place()
        _ = try publish("before", try store(place))
        try place.change("UPDATE meta SET value = 'another' WHERE name = 'boot'")
        #expect(try store(place).loadState().uncertainThrough == 0)
    }

    @Test(arguments: [
        "UPDATE meta SET value = 'not one!' WHERE name = 'epoch'", "UPDATE meta SET value = x'00' WHERE name = 'epoch'",
        "UPDATE meta SET value = -1 WHERE name = 'head'", "UPDATE meta SET value = 'x' WHERE name = 'head'",
        "UPDATE meta SET value = 9223372036854775807 WHERE name = 'head'", "DELETE FROM meta WHERE name = 'epoch'",
        "UPDATE meta SET value = 99 WHERE name GLOB 'epoch/*'", "INSERT INTO meta VALUES ('epoch/A', 1)",
        "UPDATE channels SET name = 'a*'", "UPDATE channels SET evicted_through = -5",
        "UPDATE channels SET name = 'b'", "UPDATE channels SET id = 7", "UPDATE channels SET evicted_through = 1",
        "UPDATE channels SET ended_at = 5", "UPDATE channels SET checksum = 0",
        "INSERT INTO places VALUES (1, -1, 0)", "INSERT INTO places VALUES (1, 0, 0)", "PRAGMA user_version = 1",
        "PRAGMA application_id = 1",
        "DROP TABLE answers",
    ])
    func `whose file contradicts itself is refused with a sentence`(sql: String) throws {
        let place = try Place()
        _ = try publish("x", try store(place))
        try place.change(sql)
        let error = #expect(throws: StoreError.self) { _ = try store(place).loadState() }
        #expect(error?.description.isEmpty == false)
    }

    @Test func `with events after the last number is refused, since it would assign numbers twice`() throws {
        let place = try Place()
        let policy = HistoryPolicy(standard: HistoryLimits(events: 0))
        _ = try publish("x", try store(place), policy)
        #expect(try store(place).loadState().head == 1)
        try place.change("UPDATE meta SET value = 0 WHERE name = 'head'")
        #expect(throws: StoreError.self) { _ = try store(place).loadState() }
    }

    @Test(arguments: [
        "first = 'e-9'", "last = 'e-9'", "channels = 'b'", "count = 2", "subscribers = 9", "fingerprint = 9",
        "time = 9",
        "key = 'another'", "checksum = 0",
    ])
    func `never repeats a damaged answer`(change: String) throws {
        let place = try Place()
        let key = try #require(IdempotencyKey(Array("mine".utf8)[...]))
        let id = try publish("x", try store(place), idempotency: Idempotency(key: key, fingerprint: 1))
        #expect(try store(place).loadState().answers.map(\.receipt.first) == [id])
        try place.change("UPDATE answers SET \(change)")
        #expect(try store(place).loadState().answers.isEmpty)
    }

    @Test func `remembers the answers to callers with names`() throws {
        let place = try Place()
        let key = IdempotencyKey(try #require(IdempotencyKey(Array("mine".utf8)[...])), of: "alice")
        let id = try publish("x", try store(place), idempotency: Idempotency(key: key, fingerprint: 1))
        #expect(try store(place).loadState().answers.map(\.receipt.first) == [id])
    }

    @Test(arguments: [
        "UPDATE events SET wire = 'text'", "UPDATE events SET time = 'x'", "UPDATE events SET others = '1 x'",
        "UPDATE events SET wire = zeroblob(20)", "UPDATE events SET channel = 99", "UPDATE events SET checksum = 0",
        "UPDATE events SET id = 'another'", "UPDATE events SET key = 'another'", "DELETE FROM channels",
    ])
    func `never returns a damaged event`(sql: String) throws {
        let place = try Place()
        let id = try publish("x", try store(place))
        _ = try publish("y", try store(place))
        try place.change(sql)
        let hub = try restored(try store(place))
        #expect(hub.summary.events == 0)
        let request = SubscriptionRequest(channels: [try ChannelName("a")], lastEventID: Array(id.utf8))
        guard case .subscribed(let subscription) = hub.subscribe(request, on: 0, now: 0) else {
            return #expect(Bool(false))
        }
        #expect(subscription.gap != nil && subscription.gap?.lost == nil)
    }

    @Test(arguments: [(2, 0), (1, 2)])
    func `deletes events whose channel is gone, without a gap if the last process had yet to delete them`(
        undeletedThrough: Int, uncertainThrough: UInt64
    ) throws {
        let place = try Place()
        _ = try publish("x", try store(place))
        _ = try publish("y", try store(place))
        try place.change("DELETE FROM channels; INSERT OR REPLACE INTO meta VALUES ('undeleted', \(undeletedThrough))")
        let left = try store(place)
        #expect(try restored(left).summary.events == 0)
        #expect(try left.loadState().uncertainThrough == uncertainThrough)
        let rows = try DatabaseQueue(path: place.path).read { db in
            try Int.fetchOne(db, sql: "SELECT count(*) FROM events")
        }
        #expect(rows == 0)
    }

    @Test(arguments: ["epoch/abc", "epoch/abd"])
    func `with an epoch that begins before the first number is refused`(name: String) throws {
        let place = try Place()
        _ = try publish("x", try store(place))
        try place.change("INSERT INTO meta VALUES ('\(name)', 0)")
        #expect(throws: StoreError.self) { try store(place).loadState() }
    }

    @Test func `takes times that lie in the future for now, because somebody may have set the clock back`() throws {
        let place = try Place()
        let future = Clock.realtime + 86_400_000
        try ArchivedHub.use(place) { archived in _ = try archived.publish("x", to: "a", now: future) }
        try ArchivedHub.use(place, HistoryPolicy(standard: HistoryLimits(age: 60_000))) { restored in
            #expect(restored.hub.summary.events == 1)
            for _ in 0..<64 { restored.hub.sweep(now: Clock.realtime + 120_000) }
            #expect(restored.hub.summary.events == 0)
        }
    }

    @Test func `stores a channel that was deleted and published to again`() throws {
        let place = try Place()
        let id = try ArchivedHub.use(place, HistoryPolicy(standard: HistoryLimits(age: 1000))) { archived in
            let now = Clock.realtime
            _ = try archived.publish("old", to: "a", now: now)
            for _ in 0..<64 { archived.hub.sweep(now: now + 2000) }
            let summary = archived.hub.summary(of: try ChannelName("a"))
            #expect(summary == nil)
            return try archived.publish("new", to: "a", now: now + 2000)
        }
        try ArchivedHub.use(place) { restored in
            let summary = restored.hub.summary(of: try ChannelName("a"))
            #expect(summary?.last == id)
        }
    }

    @Test func `fetches the events of one channel from among those of others`() throws {
        let place = try Place()
        try ArchivedHub.use(place) { archived in
            for number in 1...9 {
                _ = try archived.publish("\(number)", to: number.isMultiple(of: 2) ? "b" : "a", now: Clock.realtime)
            }
            archived.hub.fetch([1, 3, 5, 7, 9], reply: ReplyAddress(loop: 0, token: 7))
            guard case .fetched(7, let frames, missing: nil) = archived.completion() else {
                return #expect(Bool(false), "the archive has all of them")
            }
            #expect(frames.map(\.sequence) == [1, 3, 5, 7, 9])
            #expect(frames.allSatisfy { $0.channels.map(\.description) == ["a"] })
        }
    }

    @Test func `says so when it cannot read for the moment, and has lost nothing`() throws {
        let place = try Place()
        try ArchivedHub.use(place) { archived in
            for number in 1...3 { _ = try archived.publish("\(number)", to: "a", now: Clock.realtime) }
            try place.change("ALTER TABLE events RENAME TO hidden")
            archived.hub.fetch([1, 2, 3], reply: ReplyAddress(loop: 0, token: 7))
            guard case .unreadable(7) = archived.completion() else { return #expect(Bool(false)) }
            try place.change("ALTER TABLE hidden RENAME TO events")
            archived.hub.fetch([1, 2, 3], reply: ReplyAddress(loop: 0, token: 8))
            guard case .fetched(8, let frames, missing: nil) = archived.completion() else {
                return #expect(Bool(false))
            }
            #expect(frames.count == 3)
        }
    }

    @Test func `restores the keys of events, so that a slow subscriber gets only the newest of each`() throws {
        let place = try Place()
        let latest = HistoryPolicy(slow: SlowPolicy(action: .latest, events: 0, bytes: 0, age: 0))
        try ArchivedHub.use(place, latest) { archived in
            for key in ["one", "two", "one"] {
                _ = try archived.publish(key, to: "a", key: key, now: Clock.realtime)
            }
        }
        try ArchivedHub.use(place, latest) { restored in
            let request = SubscriptionRequest(channels: [try ChannelName("a")], replay: .all)
            guard case .subscribed(let subscription) = restored.hub.subscribe(request, on: 0, now: 0) else {
                return #expect(Bool(false))
            }
            var frames: [Frame] = []
            _ = restored.hub.read(
                subscription.cursors, after: subscription.position, isSlow: true, now: 0, budget: .max, into: &frames)
            #expect(frames.map(\.sequence) == [2, 3])
        }
    }

    @Test func `keeps its write-ahead log below 65 MiB, and empties it when it has nothing else to do`() throws {
        let place = try Place()
        let size = { () throws -> Int in
            var status = stat()
            try #require(unsafe stat(place.path + "-wal", &status) == 0)
            return Int(status.st_size)
        }
        try ArchivedHub.use(place, HistoryPolicy(standard: HistoryLimits(events: 10))) { restored in
            let data = String(repeating: "x", count: 128 << 10)
            var largest = 0
            for _ in 0..<1500 {
                _ = try restored.publish(data, to: "a", now: Clock.realtime)
                largest = max(largest, try size())
            }
            #expect((4 << 20..<65 << 20).contains(largest))
            let deadline = Clock.monotonic + 30_000
            while try size() > 0, Clock.monotonic < deadline { usleep(10_000) }
            #expect(try size() == 0)
        }
    }
}

/// A hub with one loop and a store; its events stay in memory as well.
private struct ArchivedHub {
    let mailbox: Mailbox
    let hub: Hub
    private let woken = DispatchSemaphore(value: 0)

    /// Opens the file for as long as `body` runs.
    static func use<Result>(
        _ place: Place, _ policy: HistoryPolicy = HistoryPolicy(), _ body: (ArchivedHub) throws -> Result
    ) throws -> Result {
        let archive = try store(place)
        defer { archive.stop() }
        return try body(ArchivedHub(archive, policy))
    }

    private init(_ archive: Store, _ policy: HistoryPolicy) throws {
        let stored = try archive.loadState()
        mailbox = Mailbox(wakeLoop: { [woken] in woken.signal() })
        hub = Hub(epoch: stored.epochs.current, policy: policy, mailboxes: [mailbox], archive: archive)
        hub.restore(stored)
        try archive.restore(into: hub, memory: 1 << 20)
        hub.finishRestoring(now: Clock.realtime)
        try archive.start(hub)
    }

    /// Publishes an event, and returns its id once the file has it.
    func publish(_ data: String, to channel: String, key: String? = nil, now: UInt64) throws -> String {
        let event = Event(data: EventData(data), key: try key.flatMap { try EventKey($0) })
        let publication = Publication(event, to: [try ChannelName(channel)])
        let outcome = hub.publish([publication], reply: ReplyAddress(loop: 0, token: 1), now: now)
        guard case .pending = outcome, case .published(1, let receipt) = completion() else {
            preconditionFailure("the event was not written: \(outcome)")
        }
        return receipt.first
    }

    /// Waits for the next completion.
    func completion() -> Completion {
        while true {
            if let completion = mailbox.collectCompletions().first { return completion }
            var items: [MailboxItem] = []
            mailbox.collectItems(into: &items)
            if mailbox.prepareToSleep() { woken.wait() }
        }
    }
}
