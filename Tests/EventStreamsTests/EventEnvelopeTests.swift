import EventStreams
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `An envelope` {
    private func envelope(_ event: Event, _ channel: String = "a") -> String {
        String(decoding: EventEnvelope.encode(EventEncoder.encode(event).span, channel: channel), as: UTF8.self)
    }

    @Test func `has the channel, the type and the data of an event, and no event line`() throws {
        let event = Event(
            id: try EventID("7"), name: try EventName("add"), retry: Retry(milliseconds: 5), data: EventData("x"))
        #expect(
            envelope(event, "news/eu") == """
                id: 7
                retry: 5
                data: {"channel":"news/eu","event":"add","data":"x"}


                """)
    }

    @Test func `of an event without a type has the type that a browser gives it`() {
        #expect(envelope(Event(data: EventData(""))) == #"data: {"channel":"a","event":"message","data":""}"# + "\n\n")
    }

    @Test func `is one line, whatever is in the data, the type and the channel`() throws {
        let event = Event(name: try EventName("\u{1}\"\\"), data: EventData("1\r2\n\n3\u{0}\té\u{2028}"))
        let data = #"data: {"channel":"\"ü","event":"\u0001\"\\","data":"1\n2\n\n3\u0000\té"# + "\u{2028}\"}\n\n"
        #expect(envelope(event, "\"ü") == data)
    }

    @Test func `of an event without data has no data either`() {
        #expect(envelope(Event(retry: Retry(milliseconds: 5), data: nil)) == "retry: 5\n\n")
    }
}
