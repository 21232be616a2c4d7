import Broadcasting
import Bytes
import EventStreams
import Kernel
import Metrics

/// Publishes to the daemon's own channels, once a second, what somebody watches. Only the first loop does.
extension Reactor {
    /// Channels whose presence one turn tells.
    private static var presencesPerTurn: Int { 16 }
    /// The token of a reply that nobody waits for.
    private static var noToken: UInt64 { .max - 1 }

    mutating func publishOwnEvents() {
        guard context.index == 0 else { return }
        if time.isNewSecond {
            publishStatistics()
            publishLog()
        }
        if time.isNewSecond { firstLoop.tellsPresence = true }
        guard firstLoop.tellsPresence else { return }
        let changes = context.hub.takePresence(Self.presencesPerTurn)
        if changes.count < Self.presencesPerTurn { firstLoop.tellsPresence = false }
        var publications: [Publication] = []
        for change in changes {
            if change.joined > 0 { publications.append(Self.publication(change, "join", change.joined, [:])) }
            if change.left > 0 { publications.append(Self.publication(change, "leave", change.left, change.reasons)) }
        }
        publish(publications)
    }

    private static func publication(
        _ change: PresenceChange, _ name: String, _ count: Int, _ reasons: [String: Int]
    ) -> Publication {
        var json = Array(#"{"channel":"#.utf8)
        JSONText.append(quoted: change.channel.description, to: &json)
        json.append(#","count":\#(count),"subscribers":\#(change.subscribers)"#)
        if !reasons.isEmpty {
            let texts = reasons.sorted { $0.key < $1.key }.map { #""\#($0.key)":\#($0.value)"# }
            json.append(#","reasons":{\#(texts.joined(separator: ","))}"#)
        }
        json.append("}")
        return Publication(
            Event(name: try? EventName(name), data: EventData(String(decoding: json, as: UTF8.self))),
            to: [change.presence])
    }

    private func publish(_ publications: [Publication]) {
        guard !publications.isEmpty else { return }
        _ = context.hub.publish(
            publications[...], reply: ReplyAddress(loop: context.index, token: Self.noToken), now: time.today)
    }

    // MARK: The log

    private static let logName = try? ChannelName("$crier/log")

    private mutating func publishLog() {
        guard let channel = Self.logName else { return }
        if !firstLoop.tellsLog { firstLoop.tellsLog = context.hub.isWatched(channel) }
        guard firstLoop.tellsLog else { return }
        publish(
            context.logChannel.take().map { json in
                Publication(Event(data: EventData(String(decoding: json, as: UTF8.self))), to: [channel])
            })
    }

    // MARK: Statistics

    private static let statisticsChannel = try? ChannelName("$crier/stats")

    private mutating func publishStatistics() {
        guard let channel = Self.statisticsChannel, context.hub.isWatched(channel) else {
            return firstLoop.lastDeliveryTimes = nil
        }
        let loops = context.ports.map(\.status)
        let now = loops.reduce(into: Distribution()) { $0.add($1.deliveryTimes.distribution) }
        let since = firstLoop.lastDeliveryTimes.map { now.subtracting($0) } ?? now
        firstLoop.lastDeliveryTimes = now
        let hub = context.hub.summary
        func sum(_ count: (LoopStatus) -> Int) -> Int { loops.reduce(0) { $0 + count($1) } }
        func milliseconds(_ share: Double) -> String {
            since.quantile(share).map { "\(Double($0) / 1_000_000)" } ?? "null"
        }
        let numbers: [(StaticString, Int)] = [
            ("time", Int(Clock.realtime / 1000)), ("connections", sum { $0.connections.current }),
            ("subscribers", sum { $0.subscribers.current }), ("behind", sum { $0.behind.current }),
            ("channels", hub.channels), ("patterns", hub.patterns), ("published", sum { $0.published.current }),
            ("delivered", sum { $0.delivered.current }), ("deliveredBytes", sum { $0.deliveredBytes.current }),
            ("historyEvents", hub.events), ("historyBytes", hub.bytes), ("memory", ProcessMemory.resident ?? 0),
            ("restarts", context.life.restarts), ("started", context.life.started),
        ]
        var json = Array(#"{"version":"\#(context.life.version)","#.utf8)
        for (name, number) in numbers { json.append("\"\(name)\":\(number),") }
        json.append(#""publishToWriteMilliseconds":{"p50":\#(milliseconds(0.5)),"p90":\#(milliseconds(0.9))"#)
        json.append(#","p99":\#(milliseconds(0.99))}}"#)
        publish([Publication(Event(data: EventData(String(decoding: json, as: UTF8.self))), to: [channel])])
    }
}
