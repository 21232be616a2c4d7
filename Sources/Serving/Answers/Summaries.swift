import Broadcasting
import Bytes
import EventStreams

/// Figures and receipts as JSON.
enum Summaries {
    static func channel(_ summary: ChannelSummary) -> [UInt8] {
        var json: [UInt8] = []
        append(summary, to: &json)
        return json
    }

    private static func append(_ summary: ChannelSummary, to json: inout [UInt8]) {
        json.append(#"{"channel":"#)
        append(summary.name.description, to: &json)
        json.append(#","subscribers":"#)
        json.append(decimal: summary.subscribers)
        json.append(#","events":"#)
        json.append(decimal: summary.events)
        json.append(#","bytes":"#)
        json.append(decimal: summary.bytes)
        json.append(#","first":"#)
        append(summary.first, to: &json)
        json.append(#","last":"#)
        append(summary.last, to: &json)
        json.append("}")
    }

    /// - Parameter next: the name to continue after; nil when this is all.
    static func channels(_ summaries: [ChannelSummary], next: String?) -> [UInt8] {
        var json: [UInt8] = []
        json.append(#"{"channels":["#)
        for (index, summary) in summaries.enumerated() {
            if index > 0 { json.append(",") }
            append(summary, to: &json)
        }
        json.append(#"],"next":"#)
        append(next, to: &json)
        json.append("}")
        return json
    }

    /// A receipt with the id of one event, or the count of several.
    ///
    /// - Parameter showsSubscribers: whether the publisher may know how many subscribers the channels have.
    static func receipt(_ receipt: Receipt, showsSubscribers: Bool = true) -> [UInt8] {
        guard receipt.count == 1 else {
            return Array("{".utf8) + published(receipt.count, first: receipt.first, last: receipt.last)
                + Array("}".utf8)
        }
        var json: [UInt8] = []
        json.reserveCapacity(96 + 16 * receipt.channels.count)
        json.append(#"{"id":"#)
        append(receipt.first, to: &json)
        json.append(#","channels":["#)
        for (index, name) in receipt.channels.enumerated() {
            if index > 0 { json.append(",") }
            append(name.description, to: &json)
        }
        json.append(#"],"subscribers":"#)
        if showsSubscribers { json.append(decimal: receipt.subscribers) } else { json.append("null") }
        json.append("}")
        return json
    }

    /// The members of an object: how many events were published, the ids of the first and the last, and how many fields
    /// crier skipped, if it did.
    static func published(_ count: Int, first: String?, last: String?, ignored: Int = 0) -> [UInt8] {
        var json: [UInt8] = []
        json.append(#""published":"#)
        json.append(decimal: count)
        json.append(#","first":"#)
        append(first, to: &json)
        json.append(#","last":"#)
        append(last, to: &json)
        if ignored > 0 {
            json.append(#","ignored":"#)
            json.append(decimal: ignored)
        }
        return json
    }

    static func ended(_ name: ChannelName, subscribers: Int) -> [UInt8] {
        var json: [UInt8] = []
        json.append(#"{"channel":"#)
        append(name.description, to: &json)
        json.append(#","subscribers":"#)
        json.append(decimal: subscribers)
        json.append("}")
        return json
    }

    private static func append(_ text: String?, to json: inout [UInt8]) {
        guard let text else { return json.append("null") }
        JSONText.append(quoted: text, to: &json)
    }
}
