/// Who has joined and left channels since somebody last asked, as far as anybody watches. Under the hub's lock.
struct PresenceChanges {
    /// How the names of the channels begin that carry presence; the name of the channel follows.
    static let prefix = "$crier/presence/"
    /// How many channels it remembers until somebody asks. Changes of further ones are not told.
    static let limit = 65_536

    private struct Change {
        var joined = 0
        var left = 0
        var reasons: [String: Int] = [:]
    }

    private var changes: [ChannelName: Change] = [:]
    /// The channels of the daemon's own that have subscribers, and how many.
    private var channels: [ChannelName: Int] = [:]
    /// The patterns that such subscribers name, and how many do.
    private var patterns: [ChannelPattern: Int] = [:]
    /// With more patterns than this, none is compared, and every channel counts as watched.
    private static let comparedPatterns = 16

    /// A subscriber has come to a topic, or has left it.
    ///
    /// - Parameters:
    ///   - change: 1 or -1.
    ///   - isCounted: false for a subscriber that was here before.
    ///   - remote: the subscribers of other nodes, who may watch too.
    ///   - reason: why it has left.
    mutating func note(
        _ subject: TopicSubject, _ change: Int, isCounted: Bool = true, reason: String? = nil,
        _ remote: RemoteSubscribers
    ) {
        switch subject {
        case .pattern(let pattern):
            guard pattern.isReserved else { return }
            patterns[pattern, default: 0] += change
            if patterns[pattern] == 0 { patterns[pattern] = nil }
        case .channel(let name) where name.isReserved:
            channels[name, default: 0] += change
            if channels[name] == 0 { channels[name] = nil }
        case .channel(let name):
            guard !channels.isEmpty || !patterns.isEmpty || remote.hasWatchers, isCounted else { return }
            guard let carrier = try? ChannelName(Self.prefix + name.description),
                isWatched(carrier) || remote.hasWatchers && remote.count(carrier) > 0,
                changes[name] != nil || changes.count < Self.limit
            else { return }
            if change > 0 {
                changes[name, default: Change()].joined += 1
            } else {
                changes[name, default: Change()].left += 1
                if let reason { changes[name]?.reasons[reason, default: 0] += 1 }
            }
        }
    }

    /// Whether there is anything to tell.
    var isEmpty: Bool { changes.isEmpty }

    /// Whether anybody subscribes to a channel of the daemon's own.
    func isWatched(_ channel: ChannelName) -> Bool {
        channels[channel] != nil || patterns.count > Self.comparedPatterns
            || patterns.keys.contains { $0.matches(channel) }
    }

    /// Takes the changes of some channels.
    mutating func take(_ count: Int, _ registry: TopicRegistry, _ remote: RemoteSubscribers) -> [PresenceChange] {
        var taken: [PresenceChange] = []
        // A list of its own: the dictionary must not share its memory with what goes through it.
        for name in Array(changes.keys.prefix(count)) {
            guard let change = changes.removeValue(forKey: name),
                let channel = try? ChannelName(Self.prefix + name.description)
            else { continue }
            taken.append(
                PresenceChange(
                    channel: name, presence: channel, joined: change.joined, left: change.left, reasons: change.reasons,
                    subscribers: (registry.find(name)?.subscribers ?? 0) + remote.named(name)))
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
        return locked { state in state.presence.take(count, state.registry, state.remote) }
    }

    /// Whether anybody subscribes to a channel of the daemon's own, by its name or by a pattern.
    public func isWatched(_ channel: ChannelName) -> Bool { state.withLock { $0.presence.isWatched(channel) } }
}
