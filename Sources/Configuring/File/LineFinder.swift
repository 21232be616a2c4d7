/// Finds the line of a key in a TOML text. The TOML library does not report the lines of values, and an error without a
/// line forces the user to search.
struct LineFinder {
    /// The line of each path, such as `server.heartbeat`, `listen[1].address` or `server`, from 1 on.
    private var lines: [String: Int] = [:]

    init(_ text: String) {
        var section = ""
        var counts: [String: Int] = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = Self.trim(line)
            if line.hasPrefix("[[") {
                let name = Self.path(line.dropFirst(2).prefix { $0 != "]" })
                section = "\(name)[\(counts[name, default: 0])]"
                counts[name, default: 0] += 1
                note(section, index)
                note(name, index)
            } else if line.hasPrefix("[") {
                section = Self.path(line.dropFirst().prefix { $0 != "]" })
                note(section, index)
            } else if !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") {
                let key = Self.path(line[..<equals])
                note(section.isEmpty ? key : "\(section).\(key)", index)
                if section.isEmpty, let dot = key.firstIndex(of: ".") { note(String(key[..<dot]), index) }
            }
        }
    }

    subscript(path: String) -> Int? { lines[path] }

    private mutating func note(_ path: String, _ index: Int) {
        if lines[path] == nil { lines[path] = index + 1 }
    }

    /// A dotted key without spaces and quotation marks.
    private static func path(_ text: Substring) -> String {
        text.split(separator: ".").map { part in trim(part).filter { $0 != "\"" && $0 != "'" } }.joined(separator: ".")
    }

    private static func trim(_ text: Substring) -> Substring {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
