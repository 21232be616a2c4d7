public import EventStreams

/// The events that crier itself adds to a stream. They carry no id: an id would move the client's position and, for a
/// client of several channels, skip events of another channel.
public enum ControlEvents {
    /// `crier.gap`: events are missing before the next one.
    public static func gap(_ gap: Gap) -> Event {
        let lost = gap.lost.map(String.init) ?? "null"
        let data =
            #"{"requested":\#(JSONText.string(gap.requested)),"oldest":\#(JSONText.string(gap.oldest)),"#
            + #""newest":\#(JSONText.string(gap.newest)),"lost":\#(lost)}"#
        return Event(name: try? EventName("crier.gap"), data: EventData(data))
    }

    /// `crier.expired`: the grant of the subscriber is over. With another one the client can go on where it was.
    ///
    /// - Parameter reason: `expired` or `revoked`.
    public static func expired(_ reason: StaticString) -> Event {
        Event(name: try? EventName("crier.expired"), data: EventData(#"{"reason":"\#(reason)"}"#))
    }

    /// `crier.session`: the client asked for the id of its session.
    public static func session(_ id: String) -> Event {
        Event(name: try? EventName("crier.session"), data: EventData(#"{"id":\#(JSONText.string(id))}"#))
    }

    /// `crier.end`: the channel has ended, and the client need not reconnect for it.
    public static func end(of channel: ChannelName) -> Event {
        Event(
            name: try? EventName("crier.end"),
            data: EventData(#"{"channel":\#(JSONText.string(channel.description))}"#))
    }
}
