import Broadcasting
import EventStreams
import SeededRandom
import Testing
import TimeLimits

@testable import Clustering

/// Decides what several nodes must have published, from the whole log, with as little as possible.
private struct Model {
    /// The retained events: their numbers and data.
    var events: [(number: UInt64, data: String)] = []
    private var keys: [String: UInt64] = [:]
    /// The keys that were published more than once although none of their trims had come.
    var below: UInt64 = 0

    init(_ entries: [(revision: UInt64, bytes: [UInt8])], _ epoch: Epoch) throws {
        for (revision, bytes) in entries {
            var number = SharedNumber.first(of: revision)
            for change in try Entry(bytes, epoch: epoch).changes {
                switch change {
                case .publish(let published, let idempotency):
                    let isNew = idempotency.map { keys[$0.key.description] == nil } ?? true
                    if let idempotency { keys[idempotency.key.description] = number }
                    if isNew {
                        for (index, event) in published.enumerated() {
                            events.append((number + UInt64(index), Cluster.data(event)))
                        }
                    }
                case .trim(let trim):
                    below = max(below, trim.below)
                    keys = keys.filter { $0.value >= trim.keysBelow }
                case .end, .subscribers: break
                }
                number += UInt64(change.places)
            }
        }
        events.removeAll { $0.number < below }
    }
}

/// One node of the simulation.
private struct SimulatedNode {
    let name: String
    let mailbox: Mailbox
    let hub: Hub
    let applier: Applier
    let appender: Appender
    /// What waits for an answer: by token.
    var waiting: [UInt64: (key: String?, data: [String])] = [:]
}

/// Several nodes, and the log that they share.
private struct Cluster {
    var generator: SplitMix
    let log: SimulatedLog
    var epoch: Epoch
    var epochs = 0
    var nodes: [SimulatedNode] = []
    var now: UInt64 = 10_000
    var nextToken: UInt64 = 1
    var nextData = 0
    /// Publishes to repeat.
    var keys: [(key: String, data: [String])] = []
    /// What was answered, by the id of the first event.
    var answered: [(id: String, data: String)] = []
    /// The data that the log will never have.
    var refused: Set<String> = []
    /// Every id that a node ever gave, and the data of the event.
    var given: [String: String] = [:]

    static let channel = try? ChannelName("news")
    static let policy = HistoryPolicy(standard: HistoryLimits(events: 1_000_000, bytes: 1 << 30, age: 1 << 50))

    init(seed: UInt64) throws {
        generator = SplitMix(state: seed)
        epoch = Epoch(description: "e0")
        log = SimulatedLog(epoch)
        for index in 0..<3 { nodes.append(makeNode("n\(index)")) }
    }

    static func data(_ event: EncodedEvent) -> String {
        var text = ""
        unsafe event.withWire { unsafe text = String(decoding: $0, as: UTF8.self) }
        return String(text.split(separator: "\n").last { $0.hasPrefix("data: ") }?.dropFirst(6) ?? "")
    }

    func makeNode(_ name: String) -> SimulatedNode {
        let mailbox = Mailbox(wakeLoop: {})
        let hub = Hub(epoch: epoch, policy: Self.policy, mailboxes: [mailbox], archive: NoArchive())
        let start = log.change { $0.compacted }
        hub.share(as: name, uncertainThrough: start == 0 ? 0 : SharedNumber.first(of: start + 1) - 1)
        return SimulatedNode(
            name: name, mailbox: mailbox, hub: hub, applier: Applier(hub, epoch: epoch, start: start),
            appender: Appender(log, node: name, epoch: epoch, timeout: 100))
    }

    mutating func run(steps: Int) throws {
        for _ in 0..<steps {
            now += 1
            let index = Int.random(in: nodes.indices, using: &generator)
            switch Int.random(in: 0..<100, using: &generator) {
            case 0..<40: try publish(on: index)
            case 40..<60: try append(on: index)
            case 60..<84: try deliver(to: index, atMost: Int.random(in: 1...4, using: &generator))
            case 84..<88: commitLate()
            case 88..<93: try trim(on: index)
            case 93..<97: nodes[index] = makeNode(nodes[index].name)
            case 97: try rewind()
            default: try settle()
            }
        }
        try settle()
        try check()
    }

    private mutating func publish(on index: Int) throws {
        let key: String?
        let data: [String]
        switch Int.random(in: 0..<4, using: &generator) {
        case 0 where !keys.isEmpty: (key, data) = keys.suffix(8).randomElement(using: &generator).map { ($0, $1) }!
        case 1, 2:
            data = newData()
            key = data[0]
            keys.append((data[0], data))
        default: (key, data) = (nil, newData())
        }
        let channel = try #require(Self.channel)
        let publications = data.map { Publication(Event(data: EventData($0)), to: [channel]) }
        let idempotency = key.map { Idempotency(key: IdempotencyKey(stored: $0), fingerprint: 1) }
        let outcome = nodes[index].hub.publish(
            publications[...], idempotency: idempotency, reply: ReplyAddress(loop: 0, token: nextToken), now: now)
        switch outcome {
        case .pending: nodes[index].waiting[nextToken] = (key, data)
        case .repeated(let receipt): answered.append((receipt.first, data[0]))
        case .refused(.keyInUse): break
        case .published, .refused: Issue.record("\(outcome)")
        }
        nextToken += 1
    }

    private mutating func newData() -> [String] {
        (0..<Int.random(in: 1...3, using: &generator)).map { _ in
            nextData += 1
            return "d\(nextData)"
        }
    }

    /// A node appends its next batch, and some requests fail.
    private mutating func append(on index: Int) throws {
        let node = nodes[index]
        guard let batch = node.hub.nextEntry() else { return }
        let faults: [SimulatedLog.Fault] = (0..<4).map { _ in
            switch Int.random(in: 0..<20, using: &generator) {
            case 0, 1: .lostAnswer
            case 2: .dropped
            case 3, 4: .late
            case 5: .full(isDone: Bool.random(using: &generator))
            default: .none
            }
        }
        log.change { $0.faults = faults }
        defer { log.change { $0.faults = [] } }
        var clock = now
        let (outcome, place) = node.appender.append(
            batch, time: now, claim: node.applier.claim, applied: node.applier.revision,
            expect: { node.applier.expect(batch, at: $0) },
            now: {
                clock += 40
                return clock
            }, pause: {})
        if outcome != .appended {
            if let place, node.applier.withdraw(place) == nil { return }
            if case .nameTaken? = outcome.refuse(batch, of: node.hub) { nodes[index] = makeNode(node.name) }
        }
        try collect(index)
    }

    private mutating func deliver(to index: Int, atMost most: Int = .max) throws {
        let node = nodes[index]
        let revision = node.applier.revision
        // After a reconnect, entries may come again.
        let again = min(revision, UInt64.random(in: 0...2, using: &generator))
        let (compacted, entries) = log.change { state in
            (
                state.compacted,
                state.entries.filter { $0.revision > max(revision - again, state.compacted) }.prefix(most)
            )
        }
        // What lies between was trimmed: a real node starts over.
        guard revision >= compacted else { return nodes[index] = makeNode(node.name) }
        for entry in entries {
            switch node.applier.apply(entry.revision, entry.bytes, now: now, isLive: true) {
            case .applied: break
            case .cannotRead(let reason), .disagrees(let reason): Issue.record("\(node.name): \(reason)")
            }
        }
        try collect(index)
    }

    private mutating func collect(_ index: Int) throws {
        for completion in nodes[index].mailbox.collectCompletions() {
            switch completion {
            case .published(let token, let receipt), .repeated(let token, let receipt):
                guard let waiting = nodes[index].waiting.removeValue(forKey: token) else { continue }
                answered.append((receipt.first, waiting.data[0]))
            case .refused(let token, let refusal):
                guard let waiting = nodes[index].waiting.removeValue(forKey: token) else { continue }
                if case .notStored = refusal, waiting.key == nil { refused.insert(waiting.data[0]) }
            case .ended, .fetched, .unreadable, .reached: break
            }
        }
    }

    private func commitLate() {
        log.change { state in
            guard !state.late.isEmpty else { return }
            let late = state.late.removeFirst()
            _ = state.append(late.entry, late.place, late.epoch)
        }
    }

    private mutating func trim(on index: Int) throws {
        let node = nodes[index]
        let head = node.applier.revision
        guard head > 4 else { return }
        let below = SharedNumber.first(of: UInt64.random(in: head / 2...head, using: &generator))
        let keys = below + UInt64.random(in: 0...2048, using: &generator)
        node.hub.queue(.trim(SharedTrim(below: max(below, node.applier.trims.below), keysBelow: keys)), now: now)
        let unneeded = node.applier.trimFigures(limit: .max).unneeded
        if unneeded > 0 { try log.trim(below: unneeded) }
    }

    /// Somebody puts the store back, and all nodes begin anew in another epoch.
    private mutating func rewind() throws {
        try settle()
        try check()
        epochs += 1
        epoch = Epoch(description: "e\(epochs)")
        let lost = Int.random(in: 0...3, using: &generator)
        log.change { [epoch] state in
            state.entries.removeLast(min(lost, state.entries.count))
            state.revision = max(state.entries.last?.revision ?? 0, state.compacted)
            state.epoch = epoch
            state.store += 1
        }
        for index in nodes.indices { nodes[index] = makeNode(nodes[index].name) }
        // What was lost with the store was answered in an epoch that is over.
        answered = []
        refused = []
    }

    /// Lets everything arrive.
    private mutating func settle() throws {
        for _ in 0..<4 {
            for index in nodes.indices {
                let node = nodes[index]
                while let batch = node.hub.nextEntry() {
                    let (outcome, place) = node.appender.append(
                        batch, time: now, claim: node.applier.claim, applied: node.applier.revision,
                        expect: { node.applier.expect(batch, at: $0) },
                        now: { now }, pause: {})
                    guard outcome != .appended else { continue }
                    if let place, node.applier.withdraw(place) == nil { continue }
                    _ = outcome.refuse(batch, of: node.hub)
                }
                try deliver(to: index)
            }
        }
    }

    /// Compares the nodes with the model.
    private mutating func check() throws {
        let entries = log.change { $0.entries }
        let model = try Model(entries, epoch)
        for node in nodes {
            let events = try events(of: node.hub).filter { $0.number >= model.below }
            #expect(events.map(\.number) == model.events.map(\.number), "\(node.name) has other numbers")
            #expect(events.map(\.data) == model.events.map(\.data), "\(node.name) has other events")
            for event in events {
                let id = "\(epoch)-\(event.number)"
                #expect(given[id] ?? event.data == event.data, "\(id) was given twice")
                given[id] = event.data
            }
        }
        let data = Dictionary(
            model.events.map { ("\(epoch)-\($0.number)", $0.data) }, uniquingKeysWith: { first, _ in first })
        for (id, answer) in answered {
            guard let number = UInt64(id.split(separator: "-")[1]), number >= model.below else { continue }
            #expect(data[id] == answer, "\(answer) was answered with \(id), and is lost")
        }
        for event in model.events { #expect(!refused.contains(event.data), "\(event.data) was refused for certain") }
    }

    private func events(of hub: Hub) throws -> [(number: UInt64, data: String)] {
        let request = SubscriptionRequest(channels: [try #require(Self.channel)], replay: .all)
        guard case .subscribed(let subscription) = hub.subscribe(request, on: 0, now: now) else { return [] }
        defer { for cursor in subscription.cursors { hub.unsubscribe(cursor.topic, lastOn: 0) } }
        var frames: [Frame] = []
        var position = subscription.position
        while true {
            let slice = hub.read(subscription.cursors, after: position, now: now, budget: 1 << 20, into: &frames)
            if let last = frames.last { position = last.sequence }
            if slice.head != nil { break }
        }
        return frames.map { frame in
            let text = unsafe String(decoding: frame.bytes, as: UTF8.self)
            return (
                frame.sequence, String(text.split(separator: "\n").last { $0.hasPrefix("data: ") }?.dropFirst(6) ?? "")
            )
        }
    }
}

/// Is never asked for anything: all events stay in memory.
struct NoArchive: Archive {
    func wake() {}
    func fetch(_ asked: [UInt64], for token: UInt64, into mailbox: Mailbox) {}
}

@Suite(.endsInTime()) struct `Several nodes with one log` {
    @Test(arguments: 0..<60 as Range<UInt64>)
    func `publish the same events under the same numbers, whatever gets lost on the way`(seed: UInt64) throws {
        var cluster = try Cluster(seed: seed)
        try cluster.run(steps: 400)
    }
}
