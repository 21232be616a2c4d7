import HTTPMessages
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `The response writer` {
    @Test func `writes a head`() {
        let wire = ResponseWriter.head(status: 404, [("Content-Length", "0"), ("X", "y")])
        #expect(String(decoding: wire, as: UTF8.self) == "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nX: y\r\n\r\n")
    }

    @Test func `traps rather than write a field with a line end`() async {
        await #expect(processExitsWith: .failure) { _ = ResponseWriter.head(status: 200, [("X", "a\r\nB: c")]) }
    }
}
