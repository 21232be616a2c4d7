import HTTPMessages
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `A response head` {
    @Test func `is written line by line`() {
        var writer = ResponseWriter(status: 404)
        writer.add("Content-Length", number: 0)
        writer.add("X", "y")
        writer.add("Allow", text: "GET")
        let wire = String(decoding: writer.finish(), as: UTF8.self)
        #expect(wire == "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nX: y\r\nAllow: GET\r\n\r\n")
    }

    @Test func `never has a control character in a field`() async {
        await #expect(processExitsWith: .failure) {
            var writer = ResponseWriter(status: 200)
            writer.add("X", text: "a\r\nB: c")
        }
    }
}
