public import EventStreams

/// The daemon's own events. They carry no id: an id would move the client's position, and for a client of several
/// channels no position but its own is right.
public enum Notices {
    /// Says that events are missing before what follows.
    public static func gap(_ gap: Gap) -> Event {
        let lost = gap.lost.map(String.init) ?? "null"
        let data =
            #"{"requested":\#(JSONText.string(gap.requested)),"oldest":\#(JSONText.string(gap.oldest)),"#
            + #""newest":\#(JSONText.string(gap.newest)),"lost":\#(lost)}"#
        return Event(name: try? EventName("crier.gap"), data: EventData(data))
    }

    /// Says that a channel has ended: there is no point in coming back for it.
    public static func end(of channel: ChannelName) -> Event {
        Event(
            name: try? EventName("crier.end"),
            data: EventData(#"{"channel":\#(JSONText.string(channel.description))}"#))
    }
}

/// Text as JSON writes it (RFC 8259 section 7).
public enum JSONText {
    /// A quoted string, or `null`.
    public static func string(_ text: String?) -> String {
        guard let text else { return "null" }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
