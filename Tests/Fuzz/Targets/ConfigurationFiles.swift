import Configuring

/// A configuration is refused, or means the same when it is printed and read again. Each line of the input chooses a key, a
/// kind of value, and the value; the TOML library is not the subject.
enum ConfigurationFiles {
    private static let keys = [
        "server.loops", "server.heartbeat", "server.log-level", "limits.body", "limits.bodies", "limits.publish-rate",
        "limits.connect-rate", "limits.segments", "access.cookie", "access.query-token", "access.leeway",
        "access.trusted-proxies", "access.forwarded-field", "access.anonymous.subscribe", "access.peer.users",
        "history.path", "history.age", "history.replay", "slow.action",
    ]
    private static let tables: [(name: String, keys: [String])] = [
        ("listen", ["address", "roles", "hosts", "origins", "mode", "owner", "open", "proxy-protocol"]),
        ("channel", ["pattern", "events", "bytes", "age", "replay", "slow"]),
        ("access.jwt", ["secret", "jwks", "algorithms", "kid", "audience", "claim", "subscribe"]),
        ("access.token", ["name", "sha256", "publish", "admin"]), ("access.scope", ["scope", "subscribe"]),
    ]

    static func run(_ bytes: [UInt8]) {
        guard let settings = try? load(text(bytes)) else { return }
        let printed = settings.toml
        do throws(ConfigurationErrors) {
            let again = try load(printed)
            require(again == settings, "it means something else when it is printed:\n\(printed)\n\(again.toml)")
        } catch {
            fatalError("\(error) in:\n\(printed)")
        }
    }

    private static func load(_ text: String) throws(ConfigurationErrors) -> Settings {
        try Configuration.load(file: Configuration.File(path: "fuzz.toml", text: text))
    }

    private static func text(_ bytes: [UInt8]) -> String {
        var (plain, entries): ([String], [[String]]) = ([], tables.map { _ in [] })
        for line in bytes.split(separator: 0x0A) {
            let (kind, key) = (Int(line.first ?? 0), Int(line.dropFirst().first ?? 0))
            let value = value(line.dropFirst(2), kind: kind / 8)
            if kind % 8 < tables.count {
                let names = tables[kind % 8].keys
                entries[kind % 8].append("\(names[key % names.count]) = \(value)")
            } else {
                plain.append("\(keys[key % keys.count]) = \(value)")
            }
        }
        for (table, entries) in zip(tables, entries) where !entries.isEmpty {
            plain.append("[[\(table.name)]]\n" + entries.joined(separator: "\n"))
        }
        return plain.joined(separator: "\n")
    }

    private static func value(_ bytes: ArraySlice<UInt8>, kind: Int) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        switch kind % 4 {
        case 0: return quoted(text)
        case 1: return "[\(text.split(separator: ",").map { quoted(String($0)) }.joined(separator: ", "))]"
        case 2: return "\(bytes.reduce(0) { ($0 &* 10 &+ Int($1)) & 0xFFFF_FFFF })"
        default: return bytes.count % 2 == 0 ? "true" : "false"
        }
    }

    private static func quoted(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { scalar in
            scalar.value < 0x20 || scalar.value == 0x7F || scalar == "\"" || scalar == "\\"
                ? "\\u" + String(repeating: "0", count: 4 - String(scalar.value, radix: 16).count)
                    + String(scalar.value, radix: 16)
                : String(scalar)
        }
        return "\"\(scalars.joined())\""
    }
}
