import EventStreams
import Testing
import TimeLimits

@testable import Broadcasting

@Suite(.endsInTime()) struct `The control events` {
    @Test func `report a gap without an id, so that the client's position stays the same`() {
        let gap = Gap(requested: "a\"\\\n\u{1}é", oldest: "e-2", newest: nil, lost: 3)
        let wire = String(decoding: EventEncoder.encode(ControlEvents.gap(gap)), as: UTF8.self)
        let data = #"{"requested":"a\"\\\n\u0001é","oldest":"e-2","newest":null,"lost":3}"#
        #expect(wire == "event: crier.gap\ndata: \(data)\n\n")
    }
}
