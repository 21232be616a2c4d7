/// Figures of the hub and of its channels.
extension Hub {
    /// The longest time that a thread has held the lock, in nanoseconds of the clock.
    public var longestHold: UInt64 { state.withLock { $0.longestHold } }

    /// Figures of the hub.
    public var summary: HubSummary {
        state.withLock {
            HubSummary(
                channels: $0.registry.channelCount - $0.registry.ownChannelCount, events: $0.log.events,
                bytes: $0.log.bytes,
                subscribers: $0.subscribers, patterns: $0.registry.patternCount, bytesInMemory: $0.log.loadedBytes,
                head: $0.log.head)
        }
    }

    /// The groups of channels that the policy names.
    public var groups: [ChannelGroup] { state.withLock { $0.policy.groups } }

    /// Figures of one channel; nil when there is no such channel.
    public func summary(of name: ChannelName) -> ChannelSummary? {
        state.withLock { state in
            state.registry.find(name).map { ChannelSummary($0, name, state.log, remote: state.remote.named(name)) }
        }
    }

    /// Up to `count` channels, without the daemon's own, sorted by name, that follow a name; nil starts with the first.
    ///
    /// - Returns: the summaries, and the name to continue after; nil when this is all.
    public func summaries(after name: String?, count: Int) -> (summaries: [ChannelSummary], next: String?) {
        var summaries: [ChannelSummary] = []
        var last = name
        while summaries.count <= count {
            let next = locked { state in
                state.registry.channels(after: last, count: Self.summariesAtOnce)
                    .compactMap { topic in
                        topic.name.map { ChannelSummary(topic, $0, state.log, remote: state.remote.named($0)) }
                    }
            }
            summaries += next.filter { !$0.name.isReserved }
            last = next.last?.name.description ?? last
            if next.count < Self.summariesAtOnce { break }
        }
        let page = summaries.prefix(count)
        return (Array(page), summaries.count > count ? page.last?.name.description : nil)
    }

    /// How many channels one hold of the lock looks at for ``summaries(after:count:)``.
    private static let summariesAtOnce = 128
}
