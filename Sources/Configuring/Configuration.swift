import Broadcasting

/// Brings together what is said about settings: flags before the environment before the file before the defaults.
public struct Configuration: Sendable {
    /// A configuration file.
    public struct File: Sendable {
        let path: String
        let text: String

        /// A file that has been read; the path is for error messages.
        public init(path: String, text: String) {
            self.path = path
            self.text = text
        }
    }

    /// Flags of the command line.
    public struct Flags: Sendable {
        /// Each `--listen`; any of them takes the place of all listeners that the file names.
        public var listen: [String] = []
        /// Each `--set key=value`.
        public var set: [String] = []

        /// None.
        public init() {}
    }

    private var settings = Settings()
    /// The file as it was read.
    private var document: Document?
    private var errors: [ConfigurationError] = []

    /// Loads settings.
    public static func load(
        file: File?, environment: [String: String] = [:], flags: Flags = Flags()
    ) throws(ConfigurationErrors) -> Settings {
        var configuration = Configuration()
        if let file { configuration.read(file) }
        configuration.read(environment)
        configuration.read(flags)
        configuration.makeChannelRules()
        configuration.checkListeners(file)
        guard configuration.errors.isEmpty else { throw ConfigurationErrors(errors: configuration.errors) }
        return configuration.settings
    }

    // MARK: The file

    private mutating func read(_ file: File) {
        let document: Document
        do throws(ConfigurationError) {
            document = try Document(file)
        } catch {
            return errors.append(error)
        }
        self.document = document
        for entry in document.entries {
            guard let key = Key.named(entry.path) else {
                add(document.place(entry.path), entry.path, "there is no such key")
                continue
            }
            set(key, entry.value, document.place(entry.path))
        }
        for path in document.strangers { add(document.place(path), path, "there is no such key") }
        if let listeners = document.lists["listen"] {
            settings.listen = listeners.enumerated().compactMap { listener($1, "listen[\($0)]", document) }
        }
    }

    /// What a rule leaves out is as it is for every channel, whoever has said that.
    private mutating func makeChannelRules() {
        guard let document else { return }
        for (index, rule) in (document.lists["channel"] ?? []).enumerated() {
            if let rule = channelRule(rule, "channel[\(index)]", document) { settings.history.rules.append(rule) }
        }
    }

    private mutating func listener(_ entries: [Document.Entry], _ path: String, _ document: Document) -> ListenSettings?
    {
        var result = ListenSettings.standard
        var hasAddress = false
        for entry in entries {
            do throws(InvalidValue) {
                switch entry.path {
                case "address":
                    result.address = try ListenAddress(try entry.value.string())
                    hasAddress = true
                case "roles": result.roles = try ListenSettings.roles(try entry.value.strings())
                case "open": result.isOpen = try entry.value.flag()
                case "mode": result.mode = try Self.mode(try entry.value.string())
                case "owner": result.owner = Self.owner(try entry.value.string())
                default: throw InvalidValue("there is no such key")
                }
            } catch {
                add(document.place("\(path).\(entry.path)"), "\(path).\(entry.path)", error.description)
            }
        }
        guard hasAddress else {
            if !entries.contains(where: { $0.path == "address" }) {
                add(document.place(path), "\(path).address", "is missing")
            }
            return nil
        }
        return result
    }

    private mutating func channelRule(
        _ entries: [Document.Entry], _ path: String, _ document: Document
    ) -> HistoryRule? {
        var pattern: ChannelPattern?
        var limits = settings.history.standard
        var slow = settings.history.slow
        for entry in entries {
            do throws(InvalidValue) {
                switch entry.path {
                case "pattern":
                    let text = try entry.value.string()
                    do throws(ChannelPattern.Invalid) {
                        pattern = try ChannelPattern(text)
                    } catch {
                        throw InvalidValue(error.description)
                    }
                case "events": limits.events = try entry.value.integer(0...1_000_000_000)
                case "bytes": limits.bytes = try entry.value.size(0...1 << 40)
                case "age": limits.age = try entry.value.duration(1_000...315_360_000_000)
                case "replay": limits.replay = try entry.value.replay()
                case "slow": slow.action = try entry.value.word()
                case "slow-events": slow.events = try entry.value.integer(0...1_000_000_000)
                case "slow-bytes": slow.bytes = try entry.value.size(0...1 << 40)
                case "slow-age": slow.age = try entry.value.duration(0...315_360_000_000)
                default: throw InvalidValue("there is no such key")
                }
            } catch {
                add(document.place("\(path).\(entry.path)"), "\(path).\(entry.path)", error.description)
            }
        }
        if pattern == nil, !entries.contains(where: { $0.path == "pattern" }) {
            add(document.place(path), "\(path).pattern", "is missing")
        }
        return pattern.map { HistoryRule(pattern: $0, limits: limits, slow: slow) }
    }

    private static func mode(_ text: String) throws(InvalidValue) -> UInt32 {
        guard let mode = UInt32(text, radix: 8), mode <= 0o777 else {
            throw InvalidValue("must be octal permission bits such as \"0660\"")
        }
        return mode
    }

    private static func owner(_ text: String) -> ListenSettings.Owner {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        return ListenSettings.Owner(user: parts.first ?? "", group: parts.count > 1 ? parts[1] : nil)
    }

    // MARK: The environment and the flags

    private mutating func read(_ environment: [String: String]) {
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("CRIER_") {
            if let key = Key.all.first(where: { $0.variable == name }) {
                set(key, .text(value), .variable(name))
            } else if name == "CRIER_LISTEN" {
                listen(value.split(separator: " ").map(String.init), .variable(name))
            } else if !["CRIER_CONFIG", "CRIER_URL"].contains(name), !Self.isServiceLink(name) {
                add(.variable(name), nil, "there is no such key")
            }
        }
    }

    /// Kubernetes makes variables like this for a service that is called crier.
    private static func isServiceLink(_ name: String) -> Bool {
        name.hasPrefix("CRIER_SERVICE_") || name == "CRIER_PORT" || name.hasPrefix("CRIER_PORT_")
    }

    private mutating func read(_ flags: Flags) {
        for setting in flags.set {
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, let key = Key.named(parts[0]) else {
                add(.flag("--set \(setting)"), nil, "must be a key, an equals sign and a value")
                continue
            }
            set(key, .text(parts[1]), .flag("--set"))
        }
        listen(flags.listen, .flag("--listen"))
    }

    private mutating func listen(_ specifications: [String], _ place: ConfigurationError.Place) {
        guard !specifications.isEmpty else { return }
        var listeners: [ListenSettings] = []
        for specification in specifications {
            do throws(InvalidValue) {
                listeners.append(try ListenSettings(specification: specification))
            } catch {
                add(place, nil, error.description)
            }
        }
        settings.listen = listeners
    }

    // MARK: All together

    private mutating func checkListeners(_ file: File?) {
        if settings.listen.isEmpty, errors.isEmpty {
            add(.file(file?.path ?? "defaults", line: nil), "listen", "nothing is listened on")
        }
        for listener in settings.listen {
            guard let exposure = listener.exposure(isLocal: listener.address.isLocal ?? true) else { continue }
            add(
                .file(file?.path ?? "command line", line: file.flatMap { Self.line(of: listener, $0) }), "listen",
                exposure)
        }
    }

    private static func line(of listener: ListenSettings, _ file: File) -> Int? {
        let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.firstIndex { !$0.hasPrefix("#") && $0.contains("\"\(listener.address)\"") }.map { $0 + 1 }
    }

    private mutating func set(_ key: Key, _ value: Value, _ place: ConfigurationError.Place) {
        do throws(InvalidValue) {
            try key.set(&settings, value)
        } catch {
            add(place, key.name, error.description)
        }
    }

    private mutating func add(_ place: ConfigurationError.Place, _ key: String?, _ problem: String) {
        errors.append(ConfigurationError(place: place, key: key, problem: problem))
    }
}
