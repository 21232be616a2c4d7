/// Writes the head of a response.
public enum ResponseWriter {
    /// The interim response that asks the client for the body (RFC 9110 section 15.2.1).
    public static let continueResponse: [UInt8] = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// The bytes of a response head, including its final blank line.
    ///
    /// - Parameter fields: names and values. Never take them from a request: a CR in a reflected value would end the
    ///   field. A value with a control character traps.
    public static func head(status: Int, _ fields: [(String, String)]) -> [UInt8] {
        var wire: [UInt8] = []
        wire.reserveCapacity(256)
        wire.append(contentsOf: "HTTP/1.1 \(status) \(reason(status))\r\n".utf8)
        for (name, value) in fields {
            precondition(value.utf8.allSatisfy(\.isFieldContent), "a field value with a control character")
            wire.append(contentsOf: name.utf8)
            wire.append(Ascii.colon)
            wire.append(Ascii.space)
            wire.append(contentsOf: value.utf8)
            wire.append(Ascii.carriageReturn)
            wire.append(Ascii.lineFeed)
        }
        wire.append(Ascii.carriageReturn)
        wire.append(Ascii.lineFeed)
        return wire
    }

    /// The registered phrase of a status (RFC 9110 section 15), also used as the title of problem documents.
    public static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 204: "No Content"
        case 400: "Bad Request"
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
        case 422: "Unprocessable Content"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Status \(status)"
        }
    }
}
