import Broadcasting

/// What `/channels` tells, as JSON.
enum Summaries {
    static func channel(_ summary: ChannelSummary) -> String {
        #"{"channel":\#(JSONText.string(summary.name.description)),"subscribers":\#(summary.subscribers),"#
            + #""events":\#(summary.events),"bytes":\#(summary.bytes),"#
            + #""first":\#(JSONText.string(summary.first)),"last":\#(JSONText.string(summary.last))}"#
    }

    /// - Parameter next: the name to ask for more after; nil when this is all.
    static func channels(_ summaries: [ChannelSummary], next: String?) -> String {
        #"{"channels":[\#(summaries.map(channel).joined(separator: ","))],"next":\#(JSONText.string(next))}"#
    }

    static func receipt(_ receipt: Receipt) -> String {
        let channels = receipt.channels.map { JSONText.string($0.description) }.joined(separator: ",")
        return
            #"{"id":\#(JSONText.string(receipt.id)),"channels":[\#(channels)],"subscribers":\#(receipt.subscribers)}"#
    }
}
