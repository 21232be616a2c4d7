import Glibc
import Kernel
import Synchronization
import SystemPackage
import Testing
import TimeLimits

/// A server that answers each connection in turn with the next of some texts, and closes it.
final class ScriptedServer: Sendable {
    private let listener: Listener
    private let heard = Mutex<[String]>([])

    init() throws {
        listener = try Listener.listen(
            on: try #require(SocketAddress.resolve(host: "127.0.0.1", port: 0).first), options: ConnectionOptions())
    }

    var url: String { "http://127.0.0.1:\(listener.address.port ?? 0)" }
    var requests: [String] { heard.withLock { $0 } }

    func serve(_ answers: [String]) throws {
        for answer in answers {
            let connection = try accept()
            try connection.setNonBlocking(false)
            var request = ""
            var buffer = [UInt8](repeating: 0, count: 4096)
            while !request.hasSuffix("\r\n\r\n"), case .bytes(let count) = connection.read(into: &buffer) {
                request += String(decoding: buffer[..<count], as: UTF8.self)
            }
            heard.withLock { $0.append(request) }
            guard case .wrote(answer.utf8.count) = connection.send(Array(answer.utf8)) else { throw Errno.ioError }
        }
    }

    private func accept() throws -> Descriptor {
        var poller = try Poller(capacity: 1)
        try poller.watchInput(listener.descriptor, token: 1)
        while true {
            if case .connection(let socket) = listener.accept() { return socket }
            _ = try poller.wait(milliseconds: 1000)
        }
    }
}

extension RealProcess {
    @Suite(.endsInTime()) struct `A subscribe command that loses its connection` {
        @Test func `drops an event that was cut short, and reconnects to get all of it`() async throws {
            let server = try ScriptedServer()
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
            let thread = try Kernel.Thread(named: "server") {
                do {
                    try server.serve([
                        head + "retry: 1\n\nid: 1\ndata: one\n\nid: 2\nevent: cut\ndata: sho",
                        head + "id: 2\ndata: two\n\n",
                    ])
                } catch {
                    Issue.record(error)
                }
            }
            let found = try await crier("subscribe", "--url", server.url, "--count", "2", "--format", "json", "a")
            thread.join()
            #expect(
                found.output == """
                    {"id":"1","event":"message","data":"one"}
                    {"id":"2","event":"message","data":"two"}

                    """)
            let positions = server.requests.map { $0.contains("\r\nLast-Event-ID: 1\r\n") }
            #expect(positions == [false, true])
        }

        @Test func `reconnects when the daemon has restarted, and resumes after the last event it printed`()
            async throws
        {
            let directory = try TemporaryDirectory()
            let flags = ["server.retry=100ms", "history.store=sqlite", "history.path=\(directory.path)/history.db"]
                .flatMap { ["--set", $0] }
            var address = ""
            var command: Task<CommandOutcome, any Error>?
            try await withDaemon(flags) { daemon in
                address = "127.0.0.1:\(daemon.port)"
                command = Task { [address] in
                    try await crier("subscribe", "--url", "http://\(address)", "--count", "2", "--format", "data", "a")
                }
                try await eventually("the command has subscribed") { try subscribers(daemon.port, "a") == 1 }
                try publish(daemon.port, "a", "one")
            }
            try await withDaemon(flags, listen: [address]) { daemon in
                try publish(daemon.port, "a", "two")
                let found = try #require(try await command?.value)
                #expect(found.code == 0 && found.output == "one\ntwo\n", "\(found)")
            }
        }
    }
}
