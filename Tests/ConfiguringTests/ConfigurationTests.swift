import Broadcasting
import Foundation
import Testing
import TimeLimits

@testable import Configuring

private func load(
    _ text: String? = nil, environment: [String: String] = [:], set: [String] = [], listen: [String] = []
) throws -> Settings {
    var flags = Configuration.Flags()
    flags.set = set
    flags.listen = listen
    return try Configuration.load(
        file: text.map { Configuration.File(path: "crier.toml", text: $0) }, environment: environment, flags: flags)
}

private func mistakes(
    _ text: String? = nil, environment: [String: String] = [:], set: [String] = [], listen: [String] = []
) -> [String] {
    do {
        _ = try load(text, environment: environment, set: set, listen: listen)
        return []
    } catch let error as ConfigurationErrors {
        return error.errors.map(\.description)
    } catch {
        return ["\(error)"]
    }
}

@Suite(.endsInTime()) struct `The shipped file` {
    private static let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "config/crier.toml").path

    @Test func `says the defaults`() throws {
        #expect(try load(try String(contentsOfFile: Self.path, encoding: .utf8)) == Settings())
    }

    @Test func `has every key`() throws {
        let text = try String(contentsOfFile: Self.path, encoding: .utf8)
        let lines = LineFinder(text)
        for key in Key.all { #expect(lines[key.name] != nil, "\(key.name) is not in config/crier.toml") }
    }
}

@Suite(.endsInTime()) struct `The settings` {
    @Test func `come from flags before the environment before the file before the defaults`() throws {
        let file = "[server]\nheartbeat = \"2s\"\nretry = \"2s\"\nshutdown = \"2s\""
        let environment = ["CRIER_SERVER_HEARTBEAT": "3s", "CRIER_SERVER_RETRY": "3s"]
        let settings = try load(file, environment: environment, set: ["server.heartbeat=4s"])
        #expect(settings.heartbeat == 4000)
        #expect(settings.retry == 3000)
        #expect(settings.shutdown == 2000)
        #expect(settings.idleTimeout == 60_000)
    }

    @Test func `are shown as a file that makes them`() throws {
        let text = """
            [[listen]]
            address = "unix:/run/x.sock"
            roles = ["publish"]
            mode = "0600"
            owner = "a:b"
            [[listen]]
            address = "0.0.0.0:80"
            open = true
            [server]
            heartbeat = "90s"
            log-level = "debug"
            [history]
            bytes = 1000
            [[channel]]
            pattern = "a/**"
            events = 5
            """
        let settings = try load(text)
        #expect(try load(settings.toml) == settings)
        #expect(settings.toml.contains("heartbeat = \"90s\""))
    }

    @Test func `of a channel are as those of the history where they are left out`() throws {
        let settings = try load("[[channel]]\npattern = \"a\"\nevents = 5\n[history]\nbytes = \"2MiB\"")
        #expect(settings.history.rules.map(\.limits) == [HistoryLimits(events: 5, bytes: 2 << 20)])
    }

    @Test func `of slow readers are those of every channel where a channel leaves them out`() throws {
        #expect(try load().history.slow == SlowPolicy(action: .disconnect, events: 0, bytes: 0, age: 0))
        let settings = try load(
            """
            [[channel]]
            pattern = "a"
            slow = "latest"
            slow-events = 5
            [[channel]]
            pattern = "b"
            slow-bytes = "1MiB"
            slow-age = "2s"
            [slow]
            action = "skip"
            events = 7
            bytes = "64KiB"
            age = "9s"
            """)
        #expect(settings.history.slow == SlowPolicy(action: .skip, events: 7, bytes: 64 << 10, age: 9000))
        #expect(
            settings.history.rules.map(\.slow) == [
                SlowPolicy(action: .latest, events: 5, bytes: 64 << 10, age: 9000),
                SlowPolicy(action: .skip, events: 7, bytes: 1 << 20, age: 2000),
            ])
        #expect(try load(settings.toml) == settings)
    }

    @Test func `of flags and the environment hold for what a channel leaves out too`() throws {
        let settings = try load(
            "[[channel]]\npattern = \"a\"\nevents = 5", environment: ["CRIER_SLOW_ACTION": "skip"],
            set: ["history.bytes=2MiB"])
        #expect(settings.history.rules.map(\.limits) == [HistoryLimits(events: 5, bytes: 2 << 20)])
        #expect(settings.history.rules.map(\.slow.action) == [.skip])
    }

    @Test func `that only a restart changes are named`() throws {
        let old = try load()
        let new = try load(set: ["server.loops=3", "server.heartbeat=9s"], listen: ["127.0.0.1:1"])
        #expect(new.needingRestart(from: old) == ["listen", "server.loops"])
    }
}

@Suite(.endsInTime()) struct `A mistake` {
    @Test(arguments: [
        ("[server]\n\nheartbeet = \"1s\"", "crier.toml:3: server.heartbeet: there is no such key"),
        ("[nonsense]\na = 1", "crier.toml:2: nonsense.a: there is no such key"),
        ("top = 1", "crier.toml:1: top: there is no such key"),
        ("[server]\nheartbeat = 15", "crier.toml:2: server.heartbeat: must be a time such as"),
        ("[server]\nheartbeat = \"1ms\"", "crier.toml:2: server.heartbeat: must be 1s to 1h, not 1ms"),
        ("[server]\nloops = \"x\"", "crier.toml:2: server.loops: must be a whole number"),
        ("[server]\nloops = 65", "crier.toml:2: server.loops: must be 0 to 64, not 65"),
        ("[limits]\n# c\nbody = \"1 MB\"", "crier.toml:3: limits.body: must be a size such as"),
        ("[limits]\nbody = 0", "crier.toml:2: limits.body: must be 1B to 256MiB, not 0B"),
        ("[server]\nlog-level = \"loud\"", "crier.toml:2: server.log-level: must be one of debug"),
        ("[[listen]]\nroles = [\"publish\"]", "crier.toml:1: listen[0].address: is missing"),
        ("[[listen]]\naddress = \"nonsense\"", "crier.toml:2: listen[0].address: \"nonsense\" is not host:port"),
        (
            "[[listen]]\naddress = \"127.0.0.1:1\"\nroles = [\"x\"]",
            "crier.toml:3: listen[0].roles: \"x\" is not a role"
        ),
        ("[[listen]]\naddress = \"127.0.0.1:1\"\nx = 1", "crier.toml:3: listen[0].x: there is no such key"),
        (
            "[[listen]]\naddress = \"unix:/x\"\nmode = \"1777\"",
            "crier.toml:3: listen[0].mode: must be octal permission bits"
        ),
        ("[[channel]]\nevents = 1", "crier.toml:1: channel[0].pattern: is missing"),
        ("[[channel]]\npattern = \"a*\"", "crier.toml:2: channel[0].pattern: An asterisk stands for a whole segment"),
        ("[slow]\n\naction = \"drop\"", "crier.toml:3: slow.action: must be one of disconnect, skip, latest"),
        ("[slow]\nevents = -1", "crier.toml:2: slow.events: must be 0 to 1000000000, not -1"),
        ("[slow]\nbytes = \"much\"", "crier.toml:2: slow.bytes: must be a size such as"),
        ("[slow]\nage = 5", "crier.toml:2: slow.age: must be a time such as"),
        ("[slow]\nlimit = 5", "crier.toml:2: slow.limit: there is no such key"),
        (
            "[[channel]]\npattern = \"a\"\nslow = \"drop\"",
            "crier.toml:3: channel[0].slow: must be one of disconnect, skip, latest"
        ),
        ("[[channel]]\npattern = \"a\"\nslow-events = \"x\"", "crier.toml:3: channel[0].slow-events: must be a whole"),
        ("[[channel]]\npattern = \"a\"\nslow-bytes = \"x\"", "crier.toml:3: channel[0].slow-bytes: must be a size"),
        ("[[channel]]\npattern = \"a\"\nslow-age = \"x\"", "crier.toml:3: channel[0].slow-age: must be a time"),
        ("[[channel]]\npattern = \"a\"\nslow-action = \"skip\"", "crier.toml:3: channel[0].slow-action: there is no"),
        ("a = = 1", "crier.toml:1: "),
        ("[server]\nloops = 1\nloops = 2", "crier.toml:3: "),
    ])
    func `in the file is named with its line and key`(_ text: String, _ expected: String) {
        let found = mistakes(text)
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix(expected) == true, "\(found)")
    }

    @Test func `is not the only one that is told`() {
        #expect(mistakes("[server]\nloops = 99\nretry = 1\nx = 1").count == 3)
    }

    @Test func `in the environment is named with its variable`() {
        let found = mistakes(environment: ["CRIER_SERVER_LOOPS": "x", "CRIER_LIMIT_BODY": "1"])
        #expect(found.first == "environment variable CRIER_LIMIT_BODY: there is no such key")
        #expect(found.last == "environment variable CRIER_SERVER_LOOPS: server.loops: must be a whole number")
        #expect(mistakes(environment: ["CRIER_PORT_8080_TCP": "tcp://192.0.2.1:1", "CRIER_URL": "x"]).isEmpty)
    }

    @Test func `in a flag is named`() {
        #expect(mistakes(set: ["nope=1"]).first?.hasPrefix("--set nope=1: must be a key") == true)
        #expect(mistakes(set: ["server.loops=x"]) == ["--set: server.loops: must be a whole number"])
        #expect(mistakes(listen: ["127.0.0.1:1=flying"]).first?.hasPrefix("--listen: \"flying\" is not a role") == true)
    }
}

@Suite(.endsInTime()) struct `A listener` {
    @Test(arguments: [
        ("127.0.0.1:80", ListenAddress.tcp(host: "127.0.0.1", port: 80)), ("[::1]:80", .tcp(host: "::1", port: 80)),
        (":80", .tcp(host: "", port: 80)), ("*:80", .tcp(host: "", port: 80)),
        ("unix:/run/a", .unix(path: "/run/a")), ("systemd:x", .inherited(name: "x")),
    ])
    func `has an address`(_ text: String, _ expected: ListenAddress) throws {
        #expect(try ListenAddress(text) == expected)
    }

    @Test(arguments: ["80", "a", "::1:80", "a:b", "a:65536", "unix:", "systemd:", ""])
    func `is refused without one`(_ text: String) {
        #expect(throws: InvalidValue.self) { try ListenAddress(text) }
    }

    @Test(arguments: [
        "0.0.0.0:80", ":80", "[::]:80", "192.0.2.1:80", "example.org:80", "127.evil.example:80", "127.0.0.example:80",
    ])
    func `outside loopback may not let anyone publish unless it is open`(_ address: String) throws {
        let found = mistakes(listen: [address])
        #expect(found.first?.contains("would let anyone publish and administer") == true, "\(found)")
        #expect(found.first?.contains("roles = [\"subscribe\"]") == true)
        #expect(found.first?.contains("open = true") == true)
        #expect(mistakes(listen: ["\(address)=subscribe"]).isEmpty)
        #expect(try load(listen: ["\(address)=subscribe,publish,open"]).listen[0].isOpen)
    }

    @Test(arguments: ["127.0.0.1:80", "127.8.8.8:80", "[::1]:80", "localhost:80", "unix:/run/x"])
    func `on this machine only may do everything`(_ address: String) {
        #expect(mistakes(listen: [address]).isEmpty)
    }

    @Test func `that exposes publishing is named with its line`() {
        let text = "[server]\n[[listen]]\naddress = \"0.0.0.0:1\""
        #expect(mistakes(text).first?.hasPrefix("crier.toml:3: listen: 0.0.0.0:1 can be reached") == true)
    }

    @Test func `of the command line takes the place of those of the file`() throws {
        let settings = try load("[[listen]]\naddress = \"127.0.0.1:1\"", listen: ["127.0.0.1:2=publish"])
        #expect(settings.listen.map(\.address.description) == ["127.0.0.1:2"])
        #expect(settings.listen[0].roles == [.publish])
    }

    @Test func `of the environment may be several`() throws {
        let settings = try load(environment: ["CRIER_LISTEN": "127.0.0.1:1=subscribe unix:/x=publish"])
        #expect(settings.listen.map(\.address.description) == ["127.0.0.1:1", "unix:/x"])
    }
}
