import TOMLKit

/// A TOML file as keys and values. The only file that uses the TOML library.
struct Document {
    struct Entry {
        let path: String
        let value: Value
    }

    /// `section.name` and its value, for all tables.
    private(set) var entries: [Entry] = []
    /// The tables in the arrays of tables, such as `[[listen]]` and `[[access.jwt]]`.
    private(set) var lists: [String: [[Entry]]] = [:]
    /// Keys outside any table.
    private(set) var unknownKeys: [String] = []

    private let path: String
    private let lines: LineFinder

    init(_ file: Configuration.File) throws(ConfigurationError) {
        path = file.path
        lines = LineFinder(file.text)
        let table: TOMLTable
        do {
            table = try TOMLTable(string: file.text)
        } catch let error as TOMLParseError {
            throw ConfigurationError(
                place: .file(file.path, line: error.source.begin.line), key: nil, problem: error.description)
        } catch {
            throw ConfigurationError(place: .file(file.path, line: nil), key: nil, problem: "\(error)")
        }
        for (name, value) in table {
            if !addTables(name, value) { unknownKeys.append(name) }
        }
    }

    /// Adds a table, its tables, or an array of tables.
    ///
    /// - Returns: whether it is one.
    private mutating func addTables(_ name: String, _ value: any TOMLValueConvertible) -> Bool {
        if let list = value.array, Self.listNames.contains(name) {
            lists[name] = list.map { element in element.table.map(Self.entries) ?? [] }
            return true
        }
        guard let section = value.table, !Self.listNames.contains(name) else { return false }
        for (key, value) in section where !addTables("\(name).\(key)", value) {
            entries.append(Entry(path: "\(name).\(key)", value: Self.value(value)))
        }
        return true
    }

    private static let listNames: Set<String> = [
        "listen", "channel", "hook", "access.jwt", "access.token", "access.scope",
    ]

    func place(_ path: String) -> ConfigurationError.Place { .file(self.path, line: lines[path]) }

    private static func entries(_ table: TOMLTable) -> [Entry] {
        table.map { Entry(path: $0.0, value: value($0.1)) }
    }

    private static func value(_ value: any TOMLValueConvertible) -> Value {
        switch value.type {
        case .bool: .boolean(value.bool ?? false)
        case .int: .integer(value.int ?? 0)
        case .string: .text(value.string ?? "")
        case .array: .list((value.array ?? []).map(Self.value))
        default: .other
        }
    }
}
