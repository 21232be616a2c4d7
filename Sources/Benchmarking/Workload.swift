/// What a benchmark does: who subscribes, who publishes, and for how long.
public struct Workload: Sendable {
    /// How publishers go on from one event to the next.
    public enum Pace: Sendable, Hashable {
        /// Each publisher publishes its next event when the last one was answered.
        case closedLoop
        /// One event at a time: the next one is published when every subscriber has the last one.
        case lockstep
        /// So many events a second over all publishers, whether or not the server keeps up.
        case rate(Double)
        /// One request for each publisher, whose body is written for as long as the server takes it.
        case streaming
    }

    /// Where to subscribe; `{channel}` stands for the channel.
    public var subscribe: Endpoint
    /// Where to publish; `{channel}` stands for the channel.
    public var publish: Endpoint
    /// Fields that every request gets, each as `Name: value`.
    public var fields: [String] = []
    /// The media type of what is published.
    public var contentType = "text/plain"
    /// What is published; `{payload}` stands for the stamp and its padding, `{channel}` for the channel.
    public var body = "{payload}"
    /// Begins the name of every channel; a number follows.
    public var channelPrefix = "bench-"

    /// Subscribers that read whatever comes at once.
    public var subscribers = 1000
    /// Channels, over which subscribers and events are spread evenly.
    public var channels = 1
    /// Publishers, 0 to 65,535; with 0 nothing is published.
    public var publishers = 1
    /// How they go on.
    public var pace = Pace.closedLoop
    /// Bytes of a payload, from ``Stamp/minimum`` on.
    public var size = 100
    /// Further subscribers that read nothing at all.
    public var stalled = 0
    /// Further subscribers that read slowly.
    public var slow = 0
    /// Bytes a second that each of those reads.
    public var slowRate = 10_000
    /// Further connections a second that are opened, and closed when the stream has begun, while measuring.
    public var connects = 0.0
    /// Connections that are opened at the same time while everybody arrives.
    public var arriving = 512

    /// Milliseconds before measuring begins.
    public var warmUp: UInt64 = 1000
    /// Milliseconds of measuring.
    public var duration: UInt64 = 5000
    /// Milliseconds of standing still, at the end, after which what has not come is lost.
    public var patience: UInt64 = 5000
    /// Threads that read.
    public var threads = 1
    /// The server's process, to be asked for its processor time and memory, with its children.
    public var process: Int32?

    /// A workload with the defaults.
    public init(subscribe: Endpoint, publish: Endpoint) {
        self.subscribe = subscribe
        self.publish = publish
    }

    /// The name of a channel.
    func channel(_ number: Int) -> String { "\(channelPrefix)\(number)" }

    /// The channel and the number of a publisher's `index`th event. Each publisher goes round all channels, beginning
    /// with its own, so the events of one publisher to one channel are numbered without a hole.
    func destination(of index: Int, from publisher: Int) -> (channel: Int, sequence: UInt32) {
        ((publisher + index) % channels, UInt32(truncatingIfNeeded: index / channels))
    }

    /// How many of a publisher's first `count` events went to a channel.
    func share(of channel: Int, in count: Int, from publisher: Int) -> Int {
        let first = ((channel - publisher) % channels + channels) % channels
        return count > first ? (count - first - 1) / channels + 1 : 0
    }
}
