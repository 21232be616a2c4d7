import Access
import Broadcasting
import HTTPMessages
import Kernel

/// A setting: its name, how to parse and print it, and whether a reload can change it.
struct Key: Sendable {
    /// The name, `section.name` as in the file.
    let name: String
    /// Whether a reload changes the setting of the running daemon.
    let isLive: Bool
    let set: @Sendable (inout Settings, Value) throws(InvalidValue) -> Void
    /// The value in the syntax of the file.
    let show: @Sendable (Settings) -> String

    private typealias Field<Value> = any WritableKeyPath<Settings, Value> & Sendable

    /// All keys outside `[[listen]]` and `[[channel]]`, in the order of `config/crier.toml`.
    static let all: [Key] = [
        number("server.loops", \.loops, 0...64, isLive: false),
        duration("server.busy-poll", \.busyPoll, 0...1000, in: .microseconds),
        duration("server.heartbeat", \.heartbeat, 1_000...3_600_000),
        duration("server.retry", \.retry, 100...3_600_000),
        duration("server.shutdown", \.shutdown, 0...3_600_000),
        duration("server.drain", \.drain, 0...3_600_000),
        duration("server.dead-peer", \.deadPeer, 5_000...3_600_000, isLive: false),
        flag("server.survive-crash", \.surviveCrash, isLive: false),
        word("server.log-level", \.logLevel, isLive: false),
        number("limits.connections", \.connections, 0...10_000_000),
        number("limits.connections-per-address", \.connectionsPerAddress, 0...10_000_000),
        number("limits.subscribers-per-channel", \.history.subscribers, 0...10_000_000),
        number("limits.subscribers-per-token", \.subscribersPerToken, 0...10_000_000),
        number("limits.subscribers-per-address", \.subscribersPerAddress, 0...10_000_000),
        rate("limits.publish-rate", \.publishRate),
        number("limits.publish-burst", \.publishBurst, 0...10_000_000),
        rate("limits.connect-rate", \.connectRate),
        size("limits.head", \.head, 1024...1 << 20),
        size("limits.target", \.target, 64...1 << 20),
        number("limits.fields", \.fields, 8...1000),
        size("limits.body", \.body, 1...1 << 28),
        number("limits.incomplete-requests", \.incompleteRequests, 0...10_000_000),
        size("limits.head-rate", \.headRate, 0...1 << 20),
        size("limits.body-rate", \.bodyRate, 0...1 << 30),
        duration("limits.head-timeout", \.headTimeout, 100...600_000),
        duration("limits.body-timeout", \.bodyTimeout, 100...3_600_000),
        duration("limits.idle-timeout", \.idleTimeout, 100...86_400_000),
        number("limits.channels", \.history.channels, 1...1_000_000_000),
        number("limits.patterns", \.history.patterns, 0...10_000_000),
        number("limits.channels-per-subscriber", \.channelsPerSubscriber, 1...10_000),
        number("limits.segments", \.segments, 1...127),
        size("limits.replay", \.replay, 0...1 << 40),
        size("limits.bodies", \.bodies, 1 << 16...1 << 40),
        size("limits.pushes", \.pushes, 1024...1 << 30),
        size("limits.fanout-backlog", \.fanoutBacklog, 1...1 << 30),
        size("limits.unsent", \.unsent, 4096...1 << 30, isLive: false),
        number("limits.verifications", \.verifications, 1...1_000_000),
        size("limits.token-cache", \.tokenCache, 0...1 << 40),
        cookie("access.cookie", \.access.cookie),
        flag("access.query-token", \.access.allowsQueryToken),
        duration("access.leeway", \.access.leeway, 0...3_600_000),
        addresses("access.trusted-proxies", \.trustedProxies),
        word("access.forwarded-field", \.forwardedField),
        word("history.store", \.store, isLive: false),
        text("history.path", \.path, isLive: false),
        word("history.durability", \.durability, isLive: false),
        number("history.events", \.history.standard.events, 0...1_000_000_000),
        size("history.bytes", \.history.standard.bytes, 0...1 << 40),
        duration("history.age", \.history.standard.age, 1_000...315_360_000_000),
        size("history.total", \.history.total, 1 << 16...1 << 45),
        size("history.memory", \.history.memory, 0...1 << 40),
        replay("history.replay", \.history.standard.replay),
        duration("history.idempotency-window", \.history.idempotencyWindow, 0...86_400_000),
        number("history.idempotency-keys", \.history.idempotencyKeys, 0...10_000_000),
        size("history.idempotency-bytes", \.history.idempotencyBytes, 0...1 << 40),
        word("cluster.engine", \.cluster.engine, isLive: false),
        endpoints("cluster.endpoints", \.cluster.endpoints),
        path("cluster.ca-file", \.cluster.authorities),
        path("cluster.certificate-file", \.cluster.certificate),
        path("cluster.key-file", \.cluster.key),
        path("cluster.user", \.cluster.user),
        path("cluster.password-file", \.cluster.passwordFile),
        prefix("cluster.prefix", \.cluster.prefix),
        node("cluster.node", \.cluster.node),
        nodeURL("cluster.url", \.cluster.url),
        duration("cluster.timeout", \.cluster.timeout, 1_000...600_000, isLive: false),
        text("cluster.path", \.cluster.path, isLive: false),
        word("slow.action", \.history.slow.action),
        number("slow.events", \.history.slow.events, 0...1_000_000_000),
        size("slow.bytes", \.history.slow.bytes, 0...1 << 40),
        duration("slow.age", \.history.slow.age, 0...315_360_000_000),
    ]

    /// The name of the environment variable, such as `CRIER_SERVER_LOG_LEVEL`.
    var variable: String {
        "CRIER_" + String(name.uppercased().map { $0 == "." || $0 == "-" ? "_" : $0 })
    }

    static func named(_ name: String) -> Key? { all.first { $0.name == name } }

    private static func number(
        _ name: String, _ field: Field<Int>, _ range: ClosedRange<Int>, isLive: Bool = true
    ) -> Key {
        Key(
            name: name, isLive: isLive,
            set: { settings, value throws(InvalidValue) in settings[keyPath: field] = try value.integer(range) },
            show: { "\($0[keyPath: field])" })
    }

    private static func text(_ name: String, _ field: Field<String>, isLive: Bool = true) -> Key {
        Key(
            name: name, isLive: isLive,
            set: { settings, value throws(InvalidValue) in
                let text = try value.string()
                guard !text.isEmpty, !text.utf8.contains(0) else { throw InvalidValue("must not be empty") }
                settings[keyPath: field] = text
            },
            show: { "\"\(Quantity.escaped($0[keyPath: field]))\"" })
    }

    /// A text that may be empty, in which case there is none.
    private static func path(_ name: String, _ field: Field<String>) -> Key {
        Key(
            name: name, isLive: false,
            set: { settings, value throws(InvalidValue) in
                let text = try value.string()
                guard !text.utf8.contains(0) else { throw InvalidValue("must have no NUL") }
                settings[keyPath: field] = text
            },
            show: { "\"\(Quantity.escaped($0[keyPath: field]))\"" })
    }

    /// What keys of etcd begin with.
    private static func prefix(_ name: String, _ field: Field<String>) -> Key {
        Key(
            name: name, isLive: false,
            set: { settings, value throws(InvalidValue) in
                let text = try value.string()
                let isPath = text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
                guard isPath, text.hasPrefix("/"), text.utf8.count > 1, !text.hasSuffix("/") else {
                    throw InvalidValue("must begin with a slash and not end with one, such as \"/crier\"")
                }
                settings[keyPath: field] = text
            },
            show: { "\"\(Quantity.escaped($0[keyPath: field]))\"" })
    }

    /// The name of a node; empty for that of the host.
    private static func node(_ name: String, _ field: Field<String>) -> Key {
        Key(
            name: name, isLive: false,
            set: { settings, value throws(InvalidValue) in
                let text = try value.string()
                let isName = text.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || byte == 0x2D || byte == 0x2E
                        || byte == 0x5F
                }
                guard isName, text.utf8.count <= 253 else {
                    throw InvalidValue("must be letters, digits, dots, hyphens and underscores")
                }
                settings[keyPath: field] = text
            },
            show: { "\"\($0[keyPath: field])\"" })
    }

    /// The URL of a daemon, without a path; empty for none.
    private static func nodeURL(_ name: String, _ field: Field<String>) -> Key {
        Key(
            name: name, isLive: false,
            set: { settings, value throws(InvalidValue) in
                var text = try value.string()
                while text.hasSuffix("/") { text.removeLast() }
                let isURL = text.hasPrefix("http://") || text.hasPrefix("https://")
                guard
                    text.isEmpty || isURL && !text.contains("@") && text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
                else { throw InvalidValue("must be the URL of this daemon, such as \"http://10.0.0.1:8080\"") }
                settings[keyPath: field] = text
            },
            show: { "\"\(Quantity.escaped($0[keyPath: field]))\"" })
    }

    /// The addresses of members of etcd; in the environment and in flags with spaces between them.
    private static func endpoints(_ name: String, _ field: Field<[String]>) -> Key {
        Key(
            name: name, isLive: false,
            set: { settings, value throws(InvalidValue) in
                var texts: [String]
                if case .text(let text) = value {
                    texts = text.split(separator: " ").map(String.init)
                } else {
                    texts = try value.strings()
                }
                guard !texts.isEmpty else { throw InvalidValue("must name one member at least") }
                for (index, text) in texts.enumerated() {
                    guard text.hasPrefix("http://") || text.hasPrefix("https://"), !text.contains("@") else {
                        throw InvalidValue(
                            "\"\(text)\" is not the address of a member, such as \"https://10.0.0.1:2379\"")
                    }
                    while texts[index].hasSuffix("/") { texts[index].removeLast() }
                }
                settings[keyPath: field] = texts
            },
            show: { settings in
                "[\(settings[keyPath: field].map { "\"\(Quantity.escaped($0))\"" }.joined(separator: ", "))]"
            })
    }

    private static func rate(_ name: String, _ field: Field<Rate>) -> Key {
        Key(
            name: name, isLive: true,
            set: { settings, value throws(InvalidValue) in settings[keyPath: field] = try value.rate() },
            show: { "\"\(Quantity.text(rate: $0[keyPath: field]))\"" })
    }

    /// Addresses of proxies; in the environment and in flags with spaces between them.
    private static func addresses(_ name: String, _ field: Field<[String]>) -> Key {
        Key(
            name: name, isLive: true,
            set: { settings, value throws(InvalidValue) in
                var texts: [String]
                if case .text(let text) = value {
                    texts = text.split(separator: " ").map(String.init)
                } else {
                    texts = try value.strings()
                }
                for text in texts where text != "unix" && AddressRange(text) == nil {
                    throw InvalidValue("\"\(text)\" is not an address, a range such as \"10.0.0.0/8\", or \"unix\"")
                }
                settings[keyPath: field] = texts
            },
            show: { settings in
                "[\(settings[keyPath: field].map { "\"\($0)\"" }.joined(separator: ", "))]"
            })
    }

    private static func flag(_ name: String, _ field: Field<Bool>, isLive: Bool = true) -> Key {
        Key(
            name: name, isLive: isLive,
            set: { settings, value throws(InvalidValue) in settings[keyPath: field] = try value.flag() },
            show: { "\($0[keyPath: field])" })
    }

    /// The name of a cookie, a token of HTTP (RFC 6265 section 4.1.1); empty for none.
    private static func cookie(_ name: String, _ field: Field<String?>) -> Key {
        Key(
            name: name, isLive: true,
            set: { settings, value throws(InvalidValue) in
                let text = try value.string()
                let isToken = text.utf8.allSatisfy { byte in
                    (0x21...0x7E).contains(byte) && !Array("()<>@,;:\\\"/[]?={}".utf8).contains(byte)
                }
                guard isToken else { throw InvalidValue("must be letters, digits or signs such as _ and -") }
                settings[keyPath: field] = text.isEmpty ? nil : text
            },
            show: { "\"\($0[keyPath: field] ?? "")\"" })
    }

    private static func replay(_ name: String, _ field: Field<ReplayStart>) -> Key {
        Key(
            name: name, isLive: true,
            set: { settings, value throws(InvalidValue) in settings[keyPath: field] = try value.replay() },
            show: { Quantity.text(replay: $0[keyPath: field]) })
    }

    private static func word<Word: RawRepresentable<String> & CaseIterable & Sendable>(
        _ name: String, _ field: Field<Word>, isLive: Bool = true
    ) -> Key {
        Key(
            name: name, isLive: isLive,
            set: { settings, value throws(InvalidValue) in settings[keyPath: field] = try value.word() },
            show: { "\"\($0[keyPath: field].rawValue)\"" })
    }

    private static func size(
        _ name: String, _ field: Field<Int>, _ range: ClosedRange<Int>, isLive: Bool = true
    ) -> Key {
        Key(
            name: name, isLive: isLive,
            set: { settings, value throws(InvalidValue) in settings[keyPath: field] = try value.size(range) },
            show: { "\"\(Quantity.text(size: $0[keyPath: field]))\"" })
    }

    private static func duration(
        _ name: String, _ field: Field<UInt64>, _ range: ClosedRange<UInt64>,
        in unit: Quantity.TimeUnit = .milliseconds, isLive: Bool = true
    ) -> Key {
        Key(
            name: name, isLive: isLive,
            set: { settings, value throws(InvalidValue) in
                settings[keyPath: field] = try value.duration(range, in: unit)
            },
            show: { "\"\(Quantity.text(duration: $0[keyPath: field], in: unit))\"" })
    }
}
