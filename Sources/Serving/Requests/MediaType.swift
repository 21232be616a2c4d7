import Bytes
import HTTPMessages

/// The media types of request bodies that crier distinguishes.
enum MediaType {
    case json, lines, eventStream, multipart, other

    init(_ head: RequestHead) {
        guard let field = head.fields.first("content-type") else {
            self = .other
            return
        }
        let type = (field.cut(at: 0x3B)?.before ?? field).trimmed
        if type.equalsIgnoringCase("application/json") {
            self = .json
        } else if type.equalsIgnoringCase("application/x-ndjson") || type.equalsIgnoringCase("application/ndjson")
            || type.equalsIgnoringCase("application/jsonl")
        {
            self = .lines
        } else if type.equalsIgnoringCase("text/event-stream") {
            self = .eventStream
        } else if type.prefix(10).equalsIgnoringCase("multipart/") {
            self = .multipart
        } else {
            self = .other
        }
    }

    /// Whether the type names an encoding other than UTF-8.
    static func hasForeignCharset(_ head: RequestHead) -> Bool {
        var rest = head.fields.first("content-type").flatMap { $0.cut(at: 0x3B)?.after }
        while let parameters = rest {
            let (parameter, after) = parameters.cut(at: 0x3B) ?? (parameters, nil)
            rest = after
            guard let (name, value) = parameter.cut(at: 0x3D), name.trimmed.equalsIgnoringCase("charset") else {
                continue
            }
            var charset = value.trimmed
            if charset.count >= 2, charset.first == 0x22, charset.last == 0x22 {
                charset = charset.dropFirst().dropLast()
            }
            if !charset.equalsIgnoringCase("utf-8") { return true }
        }
        return false
    }
}
