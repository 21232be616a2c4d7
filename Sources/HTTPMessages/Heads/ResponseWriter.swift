import Bytes

/// Writes the head of a response, field by field.
public struct ResponseWriter {
    /// The head so far.
    private var bytes: [UInt8] = []

    /// The interim response that asks the client for the body (RFC 9110 section 15.2.1).
    public static let continueResponse: [UInt8] = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// Starts a head.
    ///
    /// - Parameter body: how many bytes the caller will append to the head.
    public init(status: Int, body: Int = 0) {
        bytes.reserveCapacity(256 + body)
        if status == 200 {
            bytes.append("HTTP/1.1 200 OK\r\n")
            return
        }
        bytes.append("HTTP/1.1 ")
        bytes.append(decimal: status)
        bytes.append(Ascii.space)
        bytes.append(Self.reason(status))
        endLine()
    }

    /// Adds whole fields, each with the line break after it.
    public mutating func add(lines: StaticString) { bytes.append(lines) }

    /// Adds whole fields, each with the line break after it. Never take them from a request unchecked.
    public mutating func add(lines: [UInt8]) { bytes += lines }

    /// Adds a field.
    public mutating func add(_ name: StaticString, _ value: StaticString) {
        start(name)
        bytes.append(value)
        endLine()
    }

    /// Adds a field whose value is a number, 0 or more.
    public mutating func add(_ name: StaticString, number: Int) {
        start(name)
        bytes.append(decimal: number)
        endLine()
    }

    /// Adds a field. Never take the value from a request: a CR in it would end the field. A value with a control
    /// character traps.
    public mutating func add(_ name: StaticString, text value: String) {
        start(name)
        for byte in value.utf8 {
            precondition(byte.isFieldContent, "a field value with a control character")
            bytes.append(byte)
        }
        endLine()
    }

    /// The bytes of the head, with its final blank line.
    public consuming func finish() -> [UInt8] {
        endLine()
        return bytes
    }

    private mutating func start(_ name: StaticString) {
        bytes.append(name)
        bytes.append(Ascii.colon)
        bytes.append(Ascii.space)
    }

    private mutating func endLine() {
        bytes.append(Ascii.carriageReturn)
        bytes.append(Ascii.lineFeed)
    }

    /// The registered phrase of a status (RFC 9110 section 15), also used as the title of problem documents.
    public static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 204: "No Content"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 411: "Length Required"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Status \(status)"
        }
    }
}
