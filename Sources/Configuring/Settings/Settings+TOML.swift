import Broadcasting
import Curl
import Hooks

extension Settings {
    /// The settings as the text of a configuration file.
    public var toml: String {
        var lines: [String] = []
        for listener in listen {
            lines.append("[[listen]]")
            lines.append("address = \"\(Quantity.escaped("\(listener.address)"))\"")
            let roles = ListenSettings.Role.allCases.filter(listener.roles.contains).map { "\"\($0.rawValue)\"" }
            lines.append("roles = [\(roles.joined(separator: ", "))]")
            if !listener.hosts.isEmpty {
                lines.append("hosts = [\(listener.hosts.map { "\"\($0)\"" }.joined(separator: ", "))]")
            }
            if !listener.origins.isEmpty {
                lines.append("origins = [\(listener.origins.map { "\"\($0)\"" }.joined(separator: ", "))]")
            }
            if listener.allowsPrivateNetwork { lines.append("private-network = true") }
            if listener.usesProxyProtocol { lines.append("proxy-protocol = true") }
            if listener.isOpen { lines.append("open = true") }
            if case .unix = listener.address {
                lines.append("mode = \"0\(String(listener.mode, radix: 8))\"")
                if let owner = listener.owner {
                    let text = owner.user + (owner.group.map { ":\($0)" } ?? "")
                    lines.append("owner = \"\(Quantity.escaped(text))\"")
                }
            }
            lines.append("")
        }
        var section = ""
        for key in Key.all {
            let parts = key.name.split(separator: ".").map(String.init)
            if parts[0] != section {
                if !section.isEmpty { lines.append("") }
                section = parts[0]
                lines.append("[\(section)]")
            }
            lines.append("\(parts[1]) = \(key.show(self))")
        }
        lines += access.tables
        for hook in hooks { lines += ["", "[[hook]]"] + hook.lines }
        for rule in history.rules {
            lines += [
                "", "[[channel]]", "pattern = \"\(Quantity.escaped("\(rule.pattern)"))\"",
                "events = \(rule.limits.events)",
            ]
            lines.append("bytes = \"\(Quantity.text(size: rule.limits.bytes))\"")
            lines.append("age = \"\(Quantity.text(duration: rule.limits.age))\"")
            lines.append("replay = \(Quantity.text(replay: rule.limits.replay))")
            lines += ["slow = \"\(rule.slow.action.rawValue)\"", "slow-events = \(rule.slow.events)"]
            lines.append("slow-bytes = \"\(Quantity.text(size: rule.slow.bytes))\"")
            lines.append("slow-age = \"\(Quantity.text(duration: rule.slow.age))\"")
            if let group = rule.group { lines.append("group = \"\(group.name)\"") }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The settings without what a reader of the configuration in force must not learn: the hashes of tokens, which may be
    /// guessed, the credentials and queries of URLs, and the arguments of commands.
    public var withoutSecrets: Settings {
        var settings = self
        settings.access.hideSecrets()
        for index in settings.hooks.indices {
            settings.hooks[index].target =
                switch settings.hooks[index].target {
                case .url(let url): .url(url.withoutCredentials)
                case .command(let words): .command(Array(words.prefix(1)))
                }
        }
        return settings
    }

    /// The names of the settings that differ from `other` and require a restart.
    public func needingRestart(from other: Settings) -> [String] {
        let keys = Key.all.filter { !$0.isLive && $0.show(self) != $0.show(other) }.map(\.name)
        return listen == other.listen ? keys : ["listen"] + keys
    }
}
