import Broadcasting
import Hooks

// The tables [[hook]] of the file.
extension Configuration {
    mutating func readHooks(_ document: Document) {
        settings.hooks = tables("hook", document) { entries throws(InvalidValue) in try Self.hook(entries) }
        guard settings.hooks.count > HookSettings.limit else { return }
        add(document.place("hook"), "hook", "there are more than \(HookSettings.limit)")
    }

    private static func hook(_ entries: [Document.Entry]) throws(InvalidValue) -> HookSettings {
        var targets: [HookSettings.Target] = []
        var hook = HookSettings(target: .url(""))
        for entry in entries {
            try named(entry) { () throws(InvalidValue) in
                let value = entry.value
                switch entry.path {
                case "url": targets.append(.url(try url(value)))
                case "command": targets.append(.command(try command(value)))
                case "events": hook.kinds = try kinds(value)
                case "pattern": hook.pattern = try pattern(value)
                case "secret": hook.secret = try value.string()
                case "timeout": hook.timeout = try value.duration(100...60_000)
                case "retry-for": hook.keep = try value.duration(0...86_400_000)
                case "queue": hook.queue = try value.size(1 << 16...1 << 30)
                default: throw InvalidValue("there is no such key")
                }
            }
        }
        guard targets.count == 1 else { throw InvalidValue("needs exactly one of url and command") }
        hook.target = targets[0]
        if case .command = hook.target, hook.secret != nil {
            throw InvalidValue("secret: is for a url; a command needs no signature")
        }
        return hook
    }

    private static func url(_ value: Value) throws(InvalidValue) -> String {
        let url = try value.string()
        guard url.hasPrefix("https://") || url.hasPrefix("http://"), url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { throw InvalidValue("must be an http:// or https:// URL") }
        return url
    }

    private static func command(_ value: Value) throws(InvalidValue) -> [String] {
        let words = try value.strings()
        guard let program = words.first, program.hasPrefix("/") else {
            throw InvalidValue("must be a list: the path of a program from / on, and its arguments")
        }
        return words
    }

    private static func kinds(_ value: Value) throws(InvalidValue) -> Set<HookKind> {
        var kinds: Set<HookKind> = []
        for name in try value.strings() {
            guard let kind = HookKind(rawValue: name) else {
                let names = HookKind.allCases.map(\.rawValue)
                throw InvalidValue("\"\(name)\" is not an event; allowed: \(names.joined(separator: ", "))")
            }
            kinds.insert(kind)
        }
        guard !kinds.isEmpty else { throw InvalidValue("names no event") }
        return kinds
    }

    private static func pattern(_ value: Value) throws(InvalidValue) -> ChannelPattern {
        let text = try value.string()
        do throws(ChannelPattern.Invalid) { return try ChannelPattern(text) } catch {
            throw InvalidValue(error.description)
        }
    }
}
