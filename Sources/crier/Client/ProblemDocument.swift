import HTTPMessages

/// Formats the problem document of an answer for people (RFC 9457).
enum ProblemDocument {
    static func sentence(_ head: ResponseHead, _ body: [UInt8]) -> String {
        let text = String(decoding: body, as: UTF8.self)
        let detail = field("detail", of: text).map { ": \($0)" } ?? ""
        return "refused with \(head.status) \(ResponseWriter.reason(head.status))\(detail)"
    }

    /// The text of a member of a flat JSON object; it decodes only escapes of single characters.
    static func field(_ name: String, of json: String) -> String? {
        let key = "\"\(name)\":\""
        guard let start = json.firstRange(of: key)?.upperBound else { return nil }
        var text = ""
        var isEscaped = false
        for character in json[start...] {
            if isEscaped {
                text.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                return text
            } else {
                text.append(character)
            }
        }
        return nil
    }
}
