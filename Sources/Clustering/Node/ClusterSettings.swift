/// How a node takes part in a cluster.
public struct ClusterSettings: Sendable, Equatable {
    /// Its name, which no other node has.
    public var node: String
    /// Milliseconds that publishers wait for the shared log.
    public var timeout: UInt64
    /// The most bytes of entries that the log keeps, and with them the events.
    public var total: Int
    /// The most bytes that a loop may have yet to write before the node applies no further entry.
    public var backlog: Int
    /// The file in which the node remembers how far it has seen the log; nil for none.
    public var file: String?

    /// Settings.
    public init(node: String, timeout: UInt64 = 10_000, total: Int = 256 << 20, backlog: Int = 192 << 20, file: String?)
    {
        self.node = node
        self.timeout = timeout
        self.total = total
        self.backlog = backlog
        self.file = file
    }
}
