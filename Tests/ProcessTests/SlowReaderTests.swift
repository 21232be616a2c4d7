import EventStreams
import Glibc
import Kernel
import Testing

extension RealProcess {
    @Suite struct `A subscriber of several channels` {
        @Test func `may lose one of them to its end while frames of both are walked`() async throws {
            try await withDaemon(["--set", "server.loops=1"]) { daemon in
                let subscriber = try Client.subscribed(daemon.port, "/events?channel=a&channel=b")
                let client = try Client(daemon.port)
                // Both in one breath, so that the letters of both wait in the same turn.
                try client.send(
                    "POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"
                        + "DELETE /channels/b HTTP/1.1\r\nHost: localhost\r\n\r\n")
                let id = try client.answer().id
                #expect(try client.answer().status == 200)
                #expect(try subscriber.event() == "id: \(id)\ndata: x")
                #expect(try subscriber.event() == "event: crier.end\ndata: {\"channel\":\"b\"}")
                let next = try publish(daemon.port, "a", "still here")
                #expect(try subscriber.event() == "id: \(next)\ndata: still here")
            }
        }
    }
}
