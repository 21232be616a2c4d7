import Glibc
import Kernel
import Testing

extension RealProcess {
    @Suite struct `Channels of the daemon's own` {
        @Test func `presence tells who comes and goes, how many and why, once a second at most`() async throws {
            try await withDaemon { daemon in
                let watcher = try Client.subscribed(daemon.port, "/events/$crier/presence/room/1")
                let clients = try (0..<50).map { _ in try Client.subscribed(daemon.port, "/events/room/1") }
                var joined = 0
                var events = 0
                while joined < 50 {
                    let event = try watcher.event()
                    #expect(event.contains("\nevent: join\n"), "\(event)")
                    #expect(event.contains(#"{"channel":"room/1","count":"#))
                    let count = try #require(event.firstRange(of: "\"count\":"))
                    joined += Int(event[count.upperBound...].prefix { $0.isNumber }) ?? 0
                    events += 1
                }
                #expect(joined == 50)
                #expect(events <= 3)
                try request(daemon.port, "DELETE /sessions/nobody")
                for client in clients { client.socket.finishSending() }
                var left = 0
                while left < 50 {
                    let event = try watcher.event()
                    #expect(event.contains("\nevent: leave\n") && event.contains(#""reasons":{"client":"#), "\(event)")
                    let count = try #require(event.firstRange(of: "\"count\":"))
                    left += Int(event[count.upperBound...].prefix { $0.isNumber }) ?? 0
                    if left == 50 { #expect(event.contains(#""subscribers":0"#)) }
                }
            }
        }

        @Test func `the presence of one channel is told at once, however many others change`() async throws {
            try await withDaemon { daemon in
                let watcher = try Client.subscribed(daemon.port, "/events/$crier/presence/room/1")
                let others = try (0..<600).map { try Client.subscribed(daemon.port, "/events/other/\($0)") }
                let client = try Client.subscribed(daemon.port, "/events/room/1")
                let start = time(nil)
                #expect(try watcher.event().contains("\nevent: join\n"))
                #expect(time(nil) - start <= 4)
                withExtendedLifetime((others, client)) {}
            }
        }

        @Test func `the log tells what the daemon logs, with the newest records first to a new watcher`() async throws {
            try await withDaemon { daemon in
                let watcher = try Client.subscribed(daemon.port, "/events/$crier/log")
                var event = try watcher.event()
                while !event.contains(#""message":"ready""#) { event = try watcher.event() }
                #expect(event.contains(#""level":"info""#) && event.contains(#""version":""#), "\(event)")
                daemon.signal(SIGHUP)
                event = try watcher.event()
                #expect(event.contains(#""message":"reloaded","fields":{}"#), "\(event)")
                let other = try Client.subscribed(daemon.port, "/events/$crier/log?replay=1")
                #expect(try other.event() == event)
            }
        }

        @Test func `they count nowhere, whatever form a watcher wants`() async throws {
            try await withDaemon { daemon in
                try publish(daemon.port, "a", "x")
                let plain = try Client.subscribed(daemon.port, "/events/$crier/stats")
                let enveloped = try Client.subscribed(
                    daemon.port, "/events?channel=$crier/stats&channel=$crier/log&envelope=1")
                var event = ""
                for _ in 0..<3 {
                    event = try plain.event()
                    _ = try enveloped.event()
                }
                #expect(
                    event.contains(#""channels":1,"#) && event.contains(#""delivered":0,"deliveredBytes":0,"#),
                    "\(event)")
                #expect(event.contains(#""publishToWriteMilliseconds":{"p50":null"#), "\(event)")
                #expect(event.contains(#"data: {"version":""#) && event.contains(#""started":"#), "\(event)")
                let list = try request(daemon.port, "GET /channels").body
                #expect(list.contains(#""channel":"a""#) && !list.contains("crier/"), "\(list)")
            }
        }

        @Test func `a log that nobody has watched takes no numbers of the event log`() async throws {
            try await withDaemon { daemon in
                daemon.signal(SIGHUP)
                let start = time(nil)
                try await eventually("a second is over") { time(nil) > start + 1 }
                #expect(try publish(daemon.port, "a", "x").hasSuffix("-1"))
            }
        }

        @Test func `nobody can end them, and limits for others do not stop them`() async throws {
            let arguments = ["limits.subscribers-per-channel=1", "server.loops=2"].flatMap { ["--set", $0] }
            try await withDaemon(arguments) { daemon in
                let before = try request(daemon.port, "GET /readyz")
                #expect(before.status == 200)
                #expect(try request(daemon.port, "DELETE /channels/$crier/canary").status == 403)
                #expect(try request(daemon.port, "GET /readyz").status == 200)
            }
        }

        @Test func `nobody watches, and nothing is published or kept`() async throws {
            try await withDaemon { daemon in
                _ = try (0..<20).map { _ in try Client.subscribed(daemon.port, "/events/a") }
                let watcher = try Client.subscribed(daemon.port, "/events/$crier/stats")
                // Two ticks of a second.
                for _ in 0..<2 { _ = try watcher.event() }
                let channels = try request(daemon.port, "GET /channels").body
                #expect(!channels.contains("$crier/presence"))
            }
        }

        @Test func `statistics come once a second, also by pattern`() async throws {
            try await withDaemon { daemon in
                let watcher = try Client.subscribed(daemon.port, "/events?channel=$crier/*&replay=none")
                let subscriber = try Client.subscribed(daemon.port, "/events/a")
                try publish(daemon.port, "a", "x")
                _ = try subscriber.event()
                var event = try watcher.event()
                while !event.contains("\"published\":1") { event = try watcher.event() }
                for part in [
                    #""subscribers":2"#, #""delivered":1"#, #""memory":"#, #""publishToWriteMilliseconds":{"p50":"#,
                ] {
                    #expect(event.contains(part), "\(event)")
                }
                #expect(try metric(daemon.port, "crier_published_total") == 1)
            }
        }

        @Test func `the presence of a channel is there to be asked for`() async throws {
            try await withDaemon { daemon in
                let clients = try (0..<3).map { _ in try Client.subscribed(daemon.port, "/events/room/1") }
                let other = try Client.subscribed(daemon.port, "/events/room/2")
                let answer = try request(daemon.port, "GET /channels/room/1/presence")
                #expect(answer.body.hasPrefix(#"{"channel":"room/1","subscribers":3,"sessions":[{"id":""#))
                #expect(answer.body.split(separator: "\"id\":").count == 4)
                let nobody = try request(daemon.port, "GET /channels/empty/presence")
                #expect(nobody.body == "{\"channel\":\"empty\",\"subscribers\":0,\"sessions\":[],\"next\":null}\n")
                withExtendedLifetime((clients, other)) {}
            }
        }

        @Test func `only admins read them, unless a grant names them, and a pattern for everything does not`()
            async throws
        {
            let settings = """
                [access.anonymous]
                subscribe = ["**"]
                [[access.token]]
                name = "root"
                sha256 = "4813494d137e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b2"
                admin = true
                """
            let file = try TemporaryFile(settings)
            try await withDaemon(["--config", file.path]) { daemon in
                for target in ["/events/$crier/stats", "/events/$crier/presence/a", "/events?channel=$crier/**"] {
                    #expect(try request(daemon.port, "GET \(target)").status == 401, "\(target)")
                    let client = try Client(daemon.port)
                    try client.send(
                        "GET \(target) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer root\r\n\r\n")
                    #expect(try client.read(until: "\r\n") == "HTTP/1.1 200 OK\r\n", "\(target)")
                }
                // Nor does a pattern for everything get their events.
                let all = try Client.subscribed(daemon.port, "/events?channel=**")
                let stats = try Client(daemon.port)
                try stats.send(
                    "GET /events/$crier/stats HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer root\r\n\r\n")
                _ = try stats.read(until: "publishToWrite")
                #expect(!all.hasInput)
            }
        }

        @Test func `without access control they are for listeners of admins`() async throws {
            let file = try TemporaryFile(
                """
                [[listen]]
                address = "127.0.0.1:0"
                roles = ["subscribe"]
                """)
            try await withDaemon(["--config", file.path], listen: []) { daemon in
                for target in ["/events/$crier/stats", "/events?channel=$crier/**"] {
                    let answer = try request(daemon.port, "GET \(target)")
                    #expect(answer.status == 403)
                }
            }
        }
    }
}
