import HTTPMessages

/// An answer that is not a stream.
struct Answer: Sendable {
    var status: Int
    /// The media type; nil when there is no body.
    var type: StaticString?
    var body: [UInt8]
    /// Further fields; never with a value from a request.
    var fields: [(name: StaticString, value: String)] = []

    init(status: Int, type: StaticString? = nil, body: [UInt8] = []) {
        self.status = status
        self.type = type
        self.body = body
    }

    /// - Parameter text: a JSON text, without the line feed that follows it.
    static func json(_ text: consuming [UInt8]) -> Answer {
        var body = text
        body.append(0x0A)
        return Answer(status: 200, type: "application/json", body: body)
    }

    /// The bytes on the wire.
    ///
    /// - Parameters:
    ///   - isHead: whether the request was HEAD: the answer has the same fields and no body.
    ///   - origin: ``OriginRules/fields(for:)``.
    func wire(keepsAlive: Bool, isHead: Bool, origin: [UInt8]) -> [UInt8] {
        var head = ResponseWriter(status: status, body: body.count)
        head.add(lines: origin)
        for field in fields { head.add(field.name, text: field.value) }
        if let type { head.add("Content-Type", type) }
        // RFC 9110 section 8.6: never with 204.
        if status != 204 { head.add("Content-Length", number: body.count) }
        head.add(lines: "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n")
        head.add(lines: keepsAlive ? "Connection: keep-alive\r\n" : "Connection: close\r\n")
        var wire = head.finish()
        if !isHead { wire += body }
        return wire
    }
}
