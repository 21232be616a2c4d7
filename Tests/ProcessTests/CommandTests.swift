import Glibc
import Subprocess
import SystemPackage
import Testing
import TimeLimits

extension RealProcess {
    @Suite(.endsInTime()) struct `The publish command` {
        @Test func `publishes an argument, standard input, or its lines, and prints the ids`() async throws {
            try await withDaemon { daemon in
                let url = "http://127.0.0.1:\(daemon.port)"
                let subscriber = try Client.subscribed(daemon.port, "/events/a/b")
                let one = try await crier(
                    "publish", "--url", "127.0.0.1:\(daemon.port)", "--event", "add", "--id", "x 1", "a/b", "hello")
                #expect(one.code == 0 && one.output == "x 1\n")
                #expect(try subscriber.event() == "id: x 1\nevent: add\ndata: hello")
                let two = try await crier("publish", "a/b", input: "two\nlines", environment: ["CRIER_URL": url])
                #expect(try subscriber.event() == "id: \(two.output)data: two\ndata: lines")
                let three = try await crier(
                    "publish", "--url", url, "--lines", "--quiet", "a/b", input: "1\n\r\n3\n4\r5\"\r")
                #expect(three.code == 0 && three.output == "")
                for data in ["1", "", "3", "4\ndata: 5\""] {
                    let received = try subscriber.event()
                    #expect(received.drop { $0 != "\n" } == "\ndata: \(data)")
                }
            }
        }

        @Test func `explains a failure with its exit code and a sentence`() async throws {
            let unreachable = try await crier("publish", "--url", "http://127.0.0.1:1", "a", "x")
            #expect(unreachable.code == 2)
            #expect(unreachable.error.hasPrefix("crier: the daemon cannot be reached: 127.0.0.1:1: "))
            #expect(try await crier("publish").code == 64)
            let mistyped = try await crier("pubish", "a", "x")
            #expect(
                mistyped.code == 64
                    && mistyped.error == "crier: there is no command \"pubish\"; did you mean \"publish\"?\n")
            #expect(try await crier("publish", "--url", "ftp://x", "a", "x").code == 64)
            #expect(try await crier("publish", "--lines", "a", "x").code == 64)
            try await withDaemon { daemon in
                let refused = try await crier("publish", "--url", "http://127.0.0.1:\(daemon.port)", "a*", "x")
                #expect(refused.code == 1 && refused.output == "")
                #expect(
                    refused.error
                        == "crier: refused with 400 Bad Request: The channel name contains an asterisk, which is reserved for patterns.\n"
                )
            }
        }

        @Test func `publishes through a Unix socket`() async throws {
            let path = "/tmp/crier-command-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
            try await withDaemon(listen: ["127.0.0.1:0", "unix:\(path)=publish"]) { daemon in
                let outcome = try await crier("publish", "--url", "unix:\(path)", "a", "x")
                #expect(outcome.code == 0)
                #expect(
                    try request(daemon.port, "GET /channels/a").body.contains(
                        "\"last\":\"\(outcome.output.dropLast())\""))
            }
        }
    }

    @Suite(.endsInTime()) struct `The subscribe command` {
        @Test(arguments: [
            ("sse", "id: 7\nevent: add\ndata: a\ndata: \"b\n\n"), ("data", "a\n\"b\n"),
            ("json", #"{"id":"7","channel":"a","event":"add","data":"a\n\"b"}"# + "\n"),
        ])
        func `prints events in three formats`(_ format: String, _ expected: String) async throws {
            try await withDaemon { daemon in
                try publish(daemon.port, "a", "before")
                try publish(daemon.port, "a", "a\n\"b", query: "?event=add&id=7")
                let outcome = try await crier(
                    "subscribe", "--url", "http://127.0.0.1:\(daemon.port)", "--last-event-id",
                    try firstID(daemon), "--count", "1", "--format", format, "a", "b")
                #expect(outcome.code == 0 && outcome.output == expected)
            }
        }

        @Test func `asks for a replay of one channel or of several`() async throws {
            try await withDaemon { daemon in
                let url = "http://127.0.0.1:\(daemon.port)"
                for (number, channel) in ["a", "b", "a"].enumerated() {
                    try publish(daemon.port, channel, "\(number)")
                }
                let questions: [(start: [String], channels: [String], data: [String])] = [
                    (["--replay", "1"], ["a"], ["2"]), (["--replay", "1"], ["a", "b"], ["1", "2"]),
                    (["--since", "1h"], ["a", "b"], ["0", "1", "2"]),
                ]
                for (start, channels, data) in questions {
                    let end = ["--url", url, "--format", "data", "--count", "\(data.count)"]
                    let outcome = try await crier(["subscribe"] + start + end + channels)
                    #expect(outcome.output.split(separator: "\n").map(String.init) == data)
                }
            }
        }

        private func firstID(_ daemon: Daemon) throws -> String {
            let body = try request(daemon.port, "GET /channels/a").body
            let start = try #require(body.firstRange(of: "\"first\":\""))
            return String(body[start.upperBound...].prefix { $0 != "\"" })
        }

        @Test func `exits with 0 when the channel is deleted, 1 when crier refuses and 2 when it may not reconnect`()
            async throws
        {
            try await withDaemon { daemon in
                let url = "http://127.0.0.1:\(daemon.port)"
                try publish(daemon.port, "a", "x")
                try request(daemon.port, "DELETE /channels/a")
                #expect(try await crier("subscribe", "--url", url, "a").code == 0)
                let refused = try await crier("subscribe", "--url", url, "a*")
                #expect(refused.code == 1 && refused.error.contains("asterisk"))
            }
            let lost = try await crier("subscribe", "--url", "http://127.0.0.1:1", "--no-reconnect", "a")
            #expect(lost.code == 2)
        }
    }

    @Suite(.endsInTime()) struct `The config command` {
        @Test func `shows the effective settings`() async throws {
            let shown = try await crier("config", "show", environment: ["CRIER_SERVER_HEARTBEAT": "7s"])
            #expect(shown.code == 0 && shown.output.contains("heartbeat = \"7s\"\n"))
        }

        @Test func `names every mistake with file, line and key`() async throws {
            let file = try TemporaryFile("[server]\nloops = 99\nheart = 1\n")
            let found = try await crier("config", "check", "--config", file.path)
            #expect(found.code == 78)
            #expect(found.error.contains("\(file.path):2: server.loops: must be 0 to 64, not 99\n"))
            #expect(found.error.contains("\(file.path):3: server.heart: there is no such key\n"))
            #expect(try await crier("config", "check", "--config", "/no/such/file").code == 78)
            #expect(try await crier("config", "check").code == 0)
        }
    }

    @Suite(.endsInTime()) struct `The serve command` {
        @Test func `refuses a public address until you declare who may publish`() async throws {
            let found = try await crier("serve", "--listen", "0.0.0.0:0")
            #expect(found.code == 78)
            #expect(
                found.error.contains("can be reached from other machines and would let anyone publish and administer"))
            #expect(found.error.contains("--listen 0.0.0.0:0=subscribe"))
        }

        @Test func `explains why it cannot listen`() async throws {
            try await withDaemon { daemon in
                let taken = try await crier("serve", "--listen", "127.0.0.1:\(daemon.port)")
                #expect(taken.code == 1)
                #expect(taken.error.contains("cannot listen on 127.0.0.1:\(daemon.port): "))
            }
            let directory = try TemporaryDirectory()
            let sockets = (0...256).flatMap { ["--listen", "unix:\(directory.path)/\($0)"] }
            let many = try await crier(["serve"] + sockets)
            #expect(many.code == 1 && many.error.contains("more than 256 listening sockets"), "\(many)")
            let nobody = try await crier("serve", "--listen", "systemd:nobody")
            #expect(nobody.code == 1 && nobody.error.contains("FileDescriptorName=nobody"))
        }

        @Test func `refuses an inherited socket whose name it does not know`() async throws {
            // systemd hands over descriptors from number 3 on, to the process that LISTEN_PID names.
            let script = "LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=stranger exec \(binary) serve 3</dev/null"
            let result = try await run(
                .path("/bin/sh"), arguments: ["-c", script], output: .discarded, error: .string(limit: 1 << 16))
            #expect(result.terminationStatus == .exited(1))
            #expect(result.standardError.contains("a socket called \"stranger\" was handed over"))
        }

        @Test func `answers each socket only within its roles`() async throws {
            try await withDaemon(listen: ["127.0.0.1:0=subscribe", "127.0.0.1:0=publish"]) { daemon in
                let answers = [
                    try request(daemon.ports[0], "POST /events/a", body: "x"),
                    try request(daemon.ports[1], "POST /events/a", body: "x"), try request(daemon.ports[0], "GET /"),
                ]
                #expect(answers.map(\.status) == [404, 200, 404])
            }
        }
    }
}

extension RealProcess {
    @Suite(.endsInTime()) struct `The commands to look at a daemon` {
        @Test func `channels lists every channel of every page, as a table or as JSON`() async throws {
            try await withDaemon { daemon in
                let lines = (0..<300).map { "{\"channel\":\"c/\($0)\",\"data\":\"x\"}\n" }.joined()
                try request(
                    daemon.port, "POST /events", body: lines, fields: ["Content-Type: application/x-ndjson"])
                let url = "127.0.0.1:\(daemon.port)"
                let table = try await crier("channels", "--url", url)
                #expect(table.code == 0)
                #expect(table.output.hasPrefix("CHANNEL  SUBSCRIBERS  EVENTS  BYTES  LAST\n"))
                #expect(table.output.split(separator: "\n").count == 301)
                let json = try await crier("channels", "--url", url, "--json", "c/29")
                #expect(json.output.split(separator: "\n").count == 11)
                #expect(
                    json.output.hasPrefix(#"{"channel":"c/29","subscribers":0"#)
                        && json.output.contains(#""channel":"c/299""#))
            }
        }

        @Test func `sessions lists, filters and ends sessions, and no name steers the terminal`() async throws {
            try await withDaemon { daemon in
                let url = "127.0.0.1:\(daemon.port)"
                let client = try Client(daemon.port)
                try client.send("GET /events/a HTTP/1.1\r\nHost: localhost\r\nUser-Agent: \u{9B}31m\r\n\r\n")
                _ = try client.read(until: "retry: ")
                let other = try Client.subscribed(daemon.port, "/events/b")
                let table = try await crier("sessions", "--url", url, "--channel", "a")
                let rows = table.output.split(separator: "\n")
                #expect(rows.count == 2)
                #expect(rows[0].hasPrefix("ID "))
                #expect(rows[1].contains("127.0.0.1  live   0    -       a         ?31m"), "\(table.output)")
                let id = String(rows[1].prefix(32))
                let json = try await crier("sessions", "--url", url, "--json")
                #expect(json.output.split(separator: "\n").count == 2)
                #expect(json.output.contains(#""token":null"#))
                #expect(try await crier("sessions", "--url", url, "--end", id).code == 0)
                #expect(try client.readToEnd().contains("crier.end"))
                let again = try await crier("sessions", "--url", url, "--end", id)
                #expect(again.code == 1 && again.error.contains("There is no such session."))
                #expect(try await crier("sessions", "--url", url, "--state", "dead").code == 1)
                #expect(try await crier("sessions", "--url", "127.0.0.1:1").code == 2)
                #expect(try await crier("sessions", "--end", "../x").code == 64)
                withExtendedLifetime(other) {}
            }
        }
    }
}
