import FoundationEssentials

/// The channels with the most subscribers.
struct BusiestChannels {
    /// How many channels a look compares. The daemon may have a million.
    private static let compared = 10_000

    private(set) var channels: [ChannelFigures] = []
    /// Whether the daemon has more channels than a look compares.
    private(set) var isPartial = false

    /// Asks a daemon.
    ///
    /// - Parameter count: how many to keep.
    init(of daemon: RemoteDaemon, count: Int) throws {
        var seen = 0
        try AdminRequest(daemon: daemon, path: "/channels").forEach("channels", atMost: Self.compared) {
            (_: [UInt8], channel: ChannelFigures) in
            seen += 1
            channels.append(channel)
            if channels.count >= 4 * count { keep(count) }
        }
        keep(count)
        isPartial = seen >= Self.compared
    }

    private mutating func keep(_ count: Int) {
        channels.sort { ($1.subscribers, $1.bytes, $0.channel) < ($0.subscribers, $0.bytes, $1.channel) }
        channels = Array(channels.prefix(count))
    }
}
