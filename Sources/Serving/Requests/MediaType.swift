import HTTPMessages

/// The media types of request bodies that crier distinguishes.
enum MediaType {
    case json, lines, eventStream, other

    init(_ head: RequestHead) {
        guard let field = head.fields.first("content-type") else {
            self = .other
            return
        }
        let type = String(decoding: field.prefix { $0 != 0x3B }, as: UTF8.self).filter { $0 != " " && $0 != "\t" }
        switch type.lowercased() {
        case "application/json": self = .json
        case "application/x-ndjson", "application/ndjson", "application/jsonl": self = .lines
        case "text/event-stream": self = .eventStream
        default: self = .other
        }
    }
}
