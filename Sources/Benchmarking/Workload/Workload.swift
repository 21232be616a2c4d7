/// The parameters of a benchmark: subscribers, publishers and times.
public struct Workload: Sendable {
    /// When a publisher publishes its next event.
    public enum Pace: Sendable, Hashable {
        /// Each publisher publishes its next event when the server has answered the last one.
        case closedLoop
        /// One event at a time: the next follows when every subscriber has received the last one.
        case lockstep
        /// This many events a second from all publishers together, even if the server does not keep up.
        case rate(Double)
        /// One request for each publisher, with a body as fast as the server takes it.
        case streaming
    }

    /// The URL to subscribe at; `{channel}` is the channel.
    public var subscribe: Endpoint
    /// The URL to publish at; `{channel}` is the channel.
    public var publish: Endpoint
    /// Header fields for every request, each as `Name: value`.
    public var fields: [String] = []
    /// The media type of the published body.
    public var contentType = "text/plain"
    /// The published body; `{payload}` is the stamp and its padding, `{channel}` the channel.
    public var body = "{payload}"
    /// The prefix of every channel name; a number follows.
    public var channelPrefix = "bench-"

    /// Subscribers that read at once.
    public var subscribers = 1000
    /// Channels; subscribers and events are spread evenly over them.
    public var channels = 1
    /// Publishers, 0 to 65,535.
    public var publishers = 1
    /// When each publishes its next event.
    public var pace = Pace.closedLoop
    /// Bytes of a payload, at least ``Stamp/minimum``.
    public var size = 100
    /// Additional subscribers that read nothing.
    public var stalled = 0
    /// Additional subscribers that read slowly.
    public var slow = 0
    /// Bytes a second that each slow subscriber reads.
    public var slowRate = 10_000
    /// Additional connections a second while measuring; each closes as soon as its stream is open.
    public var connects = 0.0
    /// The most connections in progress at a time while the subscribers connect.
    public var arriving = 512

    /// Milliseconds before measuring begins.
    public var warmUp: UInt64 = 1000
    /// Milliseconds of measuring.
    public var duration: UInt64 = 5000
    /// Milliseconds without an event, at the end, after which missing events count as lost.
    public var patience: UInt64 = 5000
    /// Threads for the subscribers.
    public var threads = 1
    /// The server's process, to measure processor time and memory, including its children; nil measures neither.
    public var process: Int32?

    /// A workload with the defaults.
    public init(subscribe: Endpoint, publish: Endpoint) {
        self.subscribe = subscribe
        self.publish = publish
    }

    /// The name of a channel.
    func channel(_ number: Int) -> String { "\(channelPrefix)\(number)" }

    /// The channel and the sequence number of the event at `index` of a publisher. Each publisher cycles through all
    /// channels, starting with its own, so its numbers on a channel have no gap.
    func destination(of index: Int, from publisher: Int) -> (channel: Int, sequence: UInt32) {
        ((publisher + index) % channels, UInt32(truncatingIfNeeded: index / channels))
    }

    /// The number of a publisher's first `count` events that went to a channel.
    func share(of channel: Int, in count: Int, from publisher: Int) -> Int {
        let first = ((channel - publisher) % channels + channels) % channels
        return count > first ? (count - first - 1) / channels + 1 : 0
    }
}
