import Broadcasting
import EventStreams

/// Figures and receipts as JSON.
enum Summaries {
    static func channel(_ summary: ChannelSummary) -> String {
        #"{"channel":\#(JSONText.string(summary.name.description)),"subscribers":\#(summary.subscribers),"#
            + #""events":\#(summary.events),"bytes":\#(summary.bytes),"#
            + #""first":\#(JSONText.string(summary.first)),"last":\#(JSONText.string(summary.last))}"#
    }

    /// - Parameter next: the name to continue after; nil when this is all.
    static func channels(_ summaries: [ChannelSummary], next: String?) -> String {
        #"{"channels":[\#(summaries.map(channel).joined(separator: ","))],"next":\#(JSONText.string(next))}"#
    }

    /// A receipt with the id of one event, or the count of several.
    static func receipt(_ receipt: Receipt) -> String {
        guard receipt.count == 1 else {
            return #"{"published":\#(receipt.count),"first":\#(JSONText.string(receipt.first)),"#
                + #""last":\#(JSONText.string(receipt.last))}"#
        }
        let channels = receipt.channels.map { JSONText.string($0.description) }.joined(separator: ",")
        return
            #"{"id":\#(JSONText.string(receipt.first)),"channels":[\#(channels)],"subscribers":\#(receipt.subscribers)}"#
    }

    static func ended(_ name: ChannelName, subscribers: Int) -> String {
        #"{"channel":\#(JSONText.string(name.description)),"subscribers":\#(subscribers)}"#
    }
}
