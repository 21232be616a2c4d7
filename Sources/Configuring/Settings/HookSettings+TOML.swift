import Broadcasting
import Hooks

extension HookSettings {
    /// The hook as lines of a configuration file.
    var lines: [String] {
        func text(_ text: String) -> String { "\"\(Quantity.escaped(text))\"" }
        func list(_ texts: [String]) -> String { "[\(texts.map(text).joined(separator: ", "))]" }
        var lines: [String] = []
        switch target {
        case .url(let url): lines.append("url = \(text(url))")
        case .command(let words): lines.append("command = \(list(words))")
        }
        lines.append("events = \(list(HookKind.allCases.filter(kinds.contains).map(\.rawValue)))")
        if let pattern { lines.append("pattern = \(text(pattern.description))") }
        if let secret { lines.append("secret = \(text(secret))") }
        lines.append("timeout = \"\(Quantity.text(duration: timeout))\"")
        lines.append("retry-for = \"\(Quantity.text(duration: keep))\"")
        lines.append("queue = \"\(Quantity.text(size: queue))\"")
        return lines
    }
}
