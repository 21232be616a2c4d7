/// How large a message may be. Each limit is checked where bytes are taken in, so nothing grows past it.
public struct MessageLimits: Sendable, Hashable {
    /// Bytes of the whole head, start line and final blank line included.
    public var head: Int
    /// Bytes of the request target.
    public var target: Int
    /// Fields in the head.
    public var fields: Int
    /// Bytes of the body after decoding.
    public var body: Int

    /// The largest head we are ready to hold for a client that has not proved anything yet.
    public static let defaultHead = 16 * 1024
    /// Room for a hundred channels named in a query.
    public static let defaultTarget = 8 * 1024
    /// Browsers behind several proxies send about forty.
    public static let defaultFields = 100
    /// The largest event we are ready to keep for subscribers.
    public static let defaultBody = 1024 * 1024
    /// Bytes of the extensions of one chunk, which nobody uses and attackers do.
    static let chunkExtension = 256
    /// Bytes of the trailer section, which is read past.
    static let trailer = 1024

    /// The defaults, or others.
    public init(
        head: Int = defaultHead, target: Int = defaultTarget, fields: Int = defaultFields, body: Int = defaultBody
    ) {
        self.head = head
        self.target = target
        self.fields = fields
        self.body = body
    }
}
