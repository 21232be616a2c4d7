import EventStreams
import Testing
import TimeLimits

@testable import Broadcasting

@Suite(.endsInTime()) struct `The notices` {
    @Test func `tell a gap without an id, so that the client's position stays`() {
        let gap = Gap(requested: "a\"\\\n\u{1}é", oldest: "e-2", newest: nil, lost: 3)
        let wire = String(decoding: EventEncoder.encode(ControlEvents.gap(gap)), as: UTF8.self)
        let data = #"{"requested":"a\"\\\n\u0001é","oldest":"e-2","newest":null,"lost":3}"#
        #expect(wire == "event: crier.gap\ndata: \(data)\n\n")
    }

    @Test func `quote text as JSON does`() {
        #expect(JSONText.string("\u{0}\t\r\u{1F}\u{7F}") == #""\u0000\t\r\u001f\u007f""#)
        #expect(JSONText.string(nil) == "null")
    }
}
