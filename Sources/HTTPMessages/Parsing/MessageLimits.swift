/// The limits on the size of a message. The parser checks each limit as bytes arrive, so no buffer grows past it.
public struct MessageLimits: Sendable, Hashable {
    /// The most bytes of the head, including the start line and the final blank line.
    public var head: Int
    /// The most bytes of the request target.
    public var target: Int
    /// The most fields in the head.
    public var fields: Int
    /// The most bytes of the decoded body.
    public var body: Int

    /// Bytes of memory that a client may use before it has sent a valid request.
    public static let defaultHead = 16 * 1024
    /// Bytes; enough for a query that names a hundred channels.
    public static let defaultTarget = 8 * 1024
    /// Fields; a browser behind several proxies sends about forty.
    public static let defaultFields = 100
    /// Bytes of the largest event that the log keeps.
    public static let defaultBody = 1024 * 1024
    /// Bytes of the extensions of one chunk. Only attackers use extensions.
    static let chunkExtension = 256
    /// Bytes of the trailer section, which the decoder drops.
    static let trailer = 1024

    /// Limits; each has a default.
    public init(
        head: Int = defaultHead, target: Int = defaultTarget, fields: Int = defaultFields, body: Int = defaultBody
    ) {
        self.head = head
        self.target = target
        self.fields = fields
        self.body = body
    }
}
