import Access
import Broadcasting

/// Merges the sources of settings: flags override the environment, which overrides the file, which overrides the
/// defaults.
public struct Configuration: Sendable {
    /// A configuration file.
    public struct File: Sendable {
        let path: String
        let text: String

        /// The text of a file; the path is for error messages.
        public init(path: String, text: String) {
            self.path = path
            self.text = text
        }
    }

    /// Flags of the command line.
    public struct Flags: Sendable {
        /// The values of `--listen`; they replace all listeners of the file.
        public var listen: [String] = []
        /// The values of `--set key=value`.
        public var set: [String] = []

        /// No flags.
        public init() {}
    }

    var settings = Settings()
    /// The parsed file; nil without one.
    private var document: Document?
    private var errors: [ConfigurationError] = []

    /// Loads and checks settings.
    ///
    /// - Throws: all errors at once.
    public static func load(
        file: File?, environment: [String: String] = [:], flags: Flags = Flags()
    ) throws(ConfigurationErrors) -> Settings {
        var configuration = Configuration()
        if let file { configuration.read(file) }
        configuration.read(environment)
        configuration.read(flags)
        configuration.makeChannelRules()
        configuration.checkListeners(file)
        configuration.checkBodies(file)
        configuration.checkCluster(file)
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
        for entry in document.entries where !readRights(entry, document) {
            guard let key = Key.named(entry.path) else {
                add(document.place(entry.path), entry.path, Self.noSuchKey(entry.path))
                continue
            }
            set(key, entry.value, document.place(entry.path))
        }
        readAccessRules(document)
        readHooks(document)
        for path in document.unknownKeys { add(document.place(path), path, "there is no such key") }
        if let listeners = document.lists["listen"] {
            settings.listen = listeners.enumerated().compactMap { listener($1, "listen[\($0)]", document) }
        }
    }

    /// A rule inherits missing values from the settings for every channel, wherever those come from.
    private mutating func makeChannelRules() {
        guard let document else { return }
        for (index, rule) in (document.lists["channel"] ?? []).enumerated() {
            if let rule = channelRule(rule, "channel[\(index)]", document) { settings.history.rules.append(rule) }
        }
    }

    // MARK: The environment and the flags

    private mutating func read(_ environment: [String: String]) {
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("CRIER_") {
            if let key = Key.all.first(where: { $0.variable == name }) {
                set(key, .text(value), .variable(name))
            } else if name == "CRIER_LISTEN" {
                listen(value.split(separator: " ").map(String.init), .variable(name))
            } else if !["CRIER_CONFIG", "CRIER_URL", "CRIER_TOKEN"].contains(name), !Self.isServiceLink(name) {
                add(.variable(name), nil, "there is no such key")
            }
        }
    }

    /// Kubernetes sets variables with these names for a service called crier.
    private static func isServiceLink(_ name: String) -> Bool {
        name.hasPrefix("CRIER_SERVICE_") || name == "CRIER_PORT" || name.hasPrefix("CRIER_PORT_")
    }

    private mutating func read(_ flags: Flags) {
        for setting in flags.set {
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else {
                add(.flag("--set \(setting)"), nil, "must be a key, an equals sign and a value")
                continue
            }
            guard let key = Key.named(parts[0]) else {
                add(.flag("--set"), parts[0], Self.noSuchKey(parts[0]))
                continue
            }
            set(key, .text(parts[1]), .flag("--set"))
        }
        listen(flags.listen, .flag("--listen"))
    }

    private static func noSuchKey(_ name: String) -> String {
        "there is no such key" + Suggestion.text(for: name, among: Key.all.map(\.name))
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
            add(.file(file?.path ?? "defaults", line: nil), "listen", "there is no listener")
        }
        // With rules of access no caller may do anything without a grant.
        for listener in settings.listen where !settings.access.isInForce {
            guard let exposure = listener.exposure(isLocal: listener.address.isLocal ?? true) else { continue }
            add(
                .file(file?.path ?? "command line", line: file.flatMap { Self.line(of: listener, $0) }), "listen",
                exposure)
        }
    }

    /// A body beyond `limits.bodies` would get 503 and an invitation to try again, however often its publisher does.
    private mutating func checkBodies(_ file: File?) {
        guard settings.bodies < settings.body else { return }
        let place = document?.place("limits.bodies") ?? .file(file?.path ?? "command line", line: nil)
        add(place, "limits.bodies", "must be no less than limits.body, the most bytes of one body")
    }

    private mutating func checkCluster(_ file: File?) {
        let cluster = settings.cluster
        guard cluster.engine != .none else { return }
        func fail(_ key: String, _ problem: String) {
            add(document?.place(key) ?? .file(file?.path ?? "command line", line: nil), key, problem)
        }
        if settings.store == .sqlite {
            fail("history.store", "must be memory in a cluster: etcd stores the history, for all nodes")
        }
        // etcd takes requests of 1.5 MiB, in which the largest event must fit.
        if settings.body > 1 << 20 {
            fail("limits.body", "must be 1MiB at most in a cluster: etcd takes no larger entries")
        }
        if settings.surviveCrash {
            fail("server.survive-crash", "cannot be used in a cluster: clients of a killed node resume on another one")
        }
        if cluster.certificate.isEmpty != cluster.key.isEmpty {
            fail("cluster.key-file", "a certificate needs its key, and a key its certificate")
        }
        if cluster.user.isEmpty != cluster.passwordFile.isEmpty {
            fail("cluster.password-file", "a user needs a password, and a password its user")
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

    mutating func add(_ place: ConfigurationError.Place, _ key: String?, _ problem: String) {
        errors.append(ConfigurationError(place: place, key: key, problem: problem))
    }
}
