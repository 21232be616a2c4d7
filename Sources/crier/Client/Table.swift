/// Prints rows in columns as wide as their contents.
struct Table {
    private var rows: [[String]]

    init(_ columns: String...) { rows = [columns] }

    mutating func add(_ cells: String...) { rows.append(cells) }

    /// The lines, with the names of the columns first. Control characters, which could steer a terminal, are question marks.
    var text: String {
        let shown = rows.map { $0.map(Self.printable) }
        var widths = shown[0].map { _ in 0 }
        for row in shown { for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.count) } }
        return shown.map { row in
            var line = ""
            for (index, cell) in row.enumerated() {
                line += cell
                if index < row.count - 1 { line += String(repeating: " ", count: widths[index] - cell.count + 2) }
            }
            return line + "\n"
        }.joined()
    }

    /// Text without the characters that could steer a terminal, or turn the direction of a line.
    static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { Self.isPlain($0) ? $0 : "?" }))
    }

    private static func isPlain(_ character: Unicode.Scalar) -> Bool {
        switch character.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
