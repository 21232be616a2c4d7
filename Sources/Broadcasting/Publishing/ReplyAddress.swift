/// Where the hub sends an answer that it cannot give at once.
public struct ReplyAddress: Sendable, Hashable {
    /// The loop, by its index.
    public let loop: Int
    /// The loop's own number for the connection or subscriber that waits.
    public let token: UInt64

    /// An address.
    public init(loop: Int, token: UInt64) {
        self.loop = loop
        self.token = token
    }
}
