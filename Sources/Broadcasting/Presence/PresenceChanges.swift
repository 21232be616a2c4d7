/// Who has joined and left channels since somebody last asked, as far as anybody watches. Under the hub's lock.
struct PresenceChanges {
    /// How the names of the channels begin that carry presence; the name of the channel follows.
    static let prefix = "$crier/presence/"
    /// How many channels it remembers until somebody asks. Changes of further ones are not told.
    private static let limit = 65_536

    private struct Change {
        var joined = 0
        var left = 0
        var reasons: [String: Int] = [:]
    }

    private var changes: [ChannelName: Change] = [:]
    /// Subscribers of channels that carry presence.
    private var watchers = 0
    /// The patterns that such subscribers name, and how many do.
    private var patterns: [ChannelPattern: Int] = [:]

    /// A subscriber has come to a topic, or has left it.
    ///
    /// - Parameters:
    ///   - change: 1 or -1.
    ///   - isCounted: false for a subscriber that was here before.
    ///   - reason: why it has left.
    mutating func note(_ subject: TopicSubject, _ change: Int, isCounted: Bool = true, reason: String? = nil) {
        switch subject {
        case .pattern(let pattern):
            guard pattern.isReserved else { return }
            watchers += change
            patterns[pattern, default: 0] += change
            if patterns[pattern] == 0 { patterns[pattern] = nil }
        case .channel(let name) where name.isReserved:
            if name.description.utf8.starts(with: Self.prefix.utf8) { watchers += change }
        case .channel(let name):
            guard watchers > 0, isCounted, changes[name] != nil || changes.count < Self.limit else { return }
            if change > 0 {
                changes[name, default: Change()].joined += 1
            } else {
                changes[name, default: Change()].left += 1
                if let reason { changes[name]?.reasons[reason, default: 0] += 1 }
            }
        }
        if watchers == 0, !changes.isEmpty { changes = [:] }
    }

    /// Whether there is anything to tell.
    var isEmpty: Bool { changes.isEmpty }

    /// Whether anybody subscribes to a channel of the daemon's own.
    func isWatched(_ channel: ChannelName, _ registry: TopicRegistry) -> Bool {
        (registry.find(channel)?.subscribers ?? 0) > 0 || patterns.keys.contains { $0.matches(channel) }
    }

    /// Takes the changes of some channels.
    mutating func take(_ count: Int, _ registry: TopicRegistry) -> [PresenceChange] {
        var taken: [PresenceChange] = []
        for (name, change) in changes.prefix(count) {
            changes[name] = nil
            guard let channel = try? ChannelName(Self.prefix + name.description), isWatched(channel, registry) else {
                continue
            }
            taken.append(
                PresenceChange(
                    channel: name, presence: channel, joined: change.joined, left: change.left, reasons: change.reasons,
                    subscribers: registry.find(name)?.subscribers ?? 0))
        }
        return taken
    }
}

/// Subscribers that have come to a channel and left it.
public struct PresenceChange: Sendable {
    /// The channel.
    public let channel: ChannelName
    /// The channel that carries its presence.
    public let presence: ChannelName
    /// How many have come.
    public let joined: Int
    /// How many have left.
    public let left: Int
    /// How many have left for each reason.
    public let reasons: [String: Int]
    /// How many there are now.
    public let subscribers: Int
}

extension Hub {
    /// Takes the changes of some of the channels whose presence somebody watches.
    public func takePresence(_ count: Int) -> [PresenceChange] {
        guard state.withLock({ !$0.presence.isEmpty }) else { return [] }
        return locked { state in state.presence.take(count, state.registry) }
    }

    /// Whether anybody subscribes to a channel of the daemon's own, by its name or by a pattern.
    public func isWatched(_ channel: ChannelName) -> Bool {
        state.withLock { $0.presence.isWatched(channel, $0.registry) }
    }
}
