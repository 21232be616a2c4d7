import Glibc
import Kernel
import Testing
import TimeLimits

extension RealProcess {
    @Suite(.endsInTime()) struct `An event loop` {
        private static let requests = 400

        @Test func `sleeps less often between the events of one publisher if it may poll`() async throws {
            var sleeping = 0
            try await withDaemon(["--set", "server.loops=1", "--set", "server.busy-poll=0us"]) { daemon in
                sleeping = try sleeps(daemon)
            }
            try await withDaemon(["--set", "server.loops=1", "--set", "server.busy-poll=1ms"]) { daemon in
                // More than once, for a machine on which other programs have the processor that the publisher waits for.
                try await eventually("it polled") { try sleeps(daemon) < sleeping / 2 }
            }
        }

        /// How often the loop sleeps while a publisher sends one event after the other.
        private func sleeps(_ daemon: Daemon) throws -> Int {
            let publisher = try Client(daemon.port)
            func publish() throws {
                try publisher.send("POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx")
                try #require(try publisher.answer().status == 200)
            }
            try publish()
            let before = try allSleeps(daemon)
            for _ in 0..<Self.requests { try publish() }
            return try allSleeps(daemon) - before
        }

        /// How often the thread of the event loop has slept.
        private func allSleeps(_ daemon: Daemon) throws -> Int {
            let tasks = "/proc/\(daemon.pid)/task"
            let loop = try #require(
                Directory.names(tasks).first { (try? text(of: "\(tasks)/\($0)/comm")) == "crier-loop-0\n" })
            let status = try text(of: "\(tasks)/\(loop)/status")
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches:") })
            return try #require(Int(line.split { !$0.isNumber }[0]))
        }
    }
}
