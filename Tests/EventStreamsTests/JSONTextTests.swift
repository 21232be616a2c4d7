import EventStreams
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `JSON text` {
    @Test func `escapes control characters, and writes null for no string`() {
        #expect(JSONText.string("\u{0}\t\r\u{1F}\u{7F}") == #""\u0000\t\r\u001f\u007f""#)
        #expect(JSONText.string(nil) == "null")
    }
}
