import Broadcasting
import Testing
import TimeLimits

@testable import Configuring

@Suite(.endsInTime()) struct `The settings` {
    @Test func `come from flags, then the environment, then the file, then the defaults`() throws {
        let file = "[server]\nheartbeat = \"2s\"\nretry = \"2s\"\nshutdown = \"2s\""
        let environment = ["CRIER_SERVER_HEARTBEAT": "3s", "CRIER_SERVER_RETRY": "3s"]
        let settings = try load(file, environment: environment, set: ["server.heartbeat=4s"])
        #expect(settings.heartbeat == 4000)
        #expect(settings.retry == 3000)
        #expect(settings.shutdown == 2000)
        #expect(settings.idleTimeout == 60_000)
    }

    @Test func `print as a file that loads to the same settings`() throws {
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

    @Test func `show neither the hashes of tokens nor the credentials in URLs`() throws {
        let hash = String(repeating: "5a", count: 32)
        let settings = try load(
            """
            [[hook]]
            url = "https://u:geheim@h.example/hook?key=geheim"
            [[hook]]
            command = ["/bin/hook", "--key=geheim"]
            [[access.token]]
            name = "a"
            sha256 = "\(hash)"
            [[access.jwt]]
            jwks = "https://joe:geheim@id.example/keys?a=b@c"
            """)
        #expect(settings.toml.contains(hash) && settings.toml.contains("geheim"))
        let shown = settings.withoutSecrets.toml
        #expect(!shown.contains(hash) && !shown.contains("geheim") && !shown.contains("joe"))
        #expect(shown.contains(#"jwks = "https://id.example/keys""#))
        #expect(shown.contains(#"name = "a""#))
        #expect(shown.contains(#"url = "https://h.example/hook""#) && shown.contains(#"command = ["/bin/hook"]"#))
    }

    @Test func `have at most 64 groups of channels, with names that fit into a label`() throws {
        func rules(_ count: Int) -> String {
            (0..<count).map { "[[channel]]\npattern = \"c\($0)\"\ngroup = \"g\($0)\"" }.joined(separator: "\n")
        }
        #expect(try load(rules(64)).history.groups.count == 64)
        #expect(mistakes(rules(65)).first?.hasSuffix("is the 65th group; 64 is the limit") == true)
        let rule = "[[channel]]\npattern = \"a\"\ngroup = "
        #expect(mistakes(rule + "\"a b\"").count == 1)
        #expect(mistakes(rule + "\"\"").count == 1)
        #expect(try load(rule + "\"eu/prices.v2\"").history.groups.map(\.name) == ["eu/prices.v2"])
    }

    @Test func `of a channel default to those of the history`() throws {
        let settings = try load("[[channel]]\npattern = \"a\"\nevents = 5\n[history]\nbytes = \"2MiB\"")
        #expect(settings.history.rules.map(\.limits) == [HistoryLimits(events: 5, bytes: 2 << 20)])
    }

    @Test func `of slow readers in a channel default to those of every channel`() throws {
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

    @Test func `of flags and the environment are also defaults for a channel`() throws {
        let settings = try load(
            "[[channel]]\npattern = \"a\"\nevents = 5", environment: ["CRIER_SLOW_ACTION": "skip"],
            set: ["history.bytes=2MiB"])
        #expect(settings.history.rules.map(\.limits) == [HistoryLimits(events: 5, bytes: 2 << 20)])
        #expect(settings.history.rules.map(\.slow.action) == [.skip])
    }

    @Test func `that require a restart are listed`() throws {
        let old = try load()
        let new = try load(set: ["server.loops=3", "server.heartbeat=9s"], listen: ["127.0.0.1:1"])
        #expect(new.needingRestart(from: old) == ["listen", "server.loops"])
    }
}
