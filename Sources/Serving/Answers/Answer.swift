import HTTPMessages

/// An answer that is not a stream.
struct Answer: Sendable {
    var status: Int
    /// The media type; nil when there is no body.
    var type: String?
    var body: [UInt8]
    var fields: [(String, String)] = []

    init(status: Int, type: String? = nil, body: [UInt8] = []) {
        self.status = status
        self.type = type
        self.body = body
    }

    static func json(_ text: String) -> Answer {
        Answer(status: 200, type: "application/json", body: Array((text + "\n").utf8))
    }

    /// The bytes on the wire.
    ///
    /// - Parameter isHead: whether the request was HEAD: the answer has the same fields and no body.
    func wire(keepsAlive: Bool, isHead: Bool) -> [UInt8] {
        var fields = self.fields
        if let type { fields.append(("Content-Type", type)) }
        // RFC 9110 section 8.6: never with 204.
        if status != 204 { fields.append(("Content-Length", "\(body.count)")) }
        fields.append(("Cache-Control", "no-store"))
        fields.append(("X-Content-Type-Options", "nosniff"))
        fields.append(("Connection", keepsAlive ? "keep-alive" : "close"))
        return ResponseWriter.head(status: status, fields) + (isHead ? [] : body)
    }
}
