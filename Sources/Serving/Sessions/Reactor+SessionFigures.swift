import Access
import Broadcasting
import Bytes
import EventStreams
import Kernel

/// Describes sessions to operators and hooks.
extension Reactor {
    func state(_ slot: UInt32) -> SessionFilter.State {
        switch subscribers[slot].state {
        case .live: .live
        case .behind: .behind
        case .ending, .closed: .ending
        }
    }

    func address(_ slot: UInt32) -> IPAddress? {
        subscribers[slot].client.address ?? peerAddress(subscribers[slot].stream.connection)
    }

    func subjects(_ slot: UInt32) -> [TopicSubject] {
        subscribers[slot].topics.cursors.map { context.hub.subject(of: $0.topic) }
    }

    func lag(_ slot: UInt32) -> Lag {
        guard case .behind = subscribers[slot].state else { return Lag() }
        return context.hub.lag(subscribers[slot].topics.cursors, after: subscribers[slot].position, now: time.today)
    }

    func describe(_ slot: UInt32, isDetailed: Bool) -> Answer { .json(json(slot, isDetailed: isDetailed)) }

    func json(_ slot: UInt32, isDetailed: Bool) -> [UInt8] {
        let connection = subscribers[slot].stream.connection
        let lag = lag(slot)
        let cursor = context.hub.position(of: subscribers[slot].position)
        var json = Array(#"{"id":"\#(subscribers[slot].session)","#.utf8)
        appendPlace(of: slot, to: &json)
        json.append(#","state":"\#(state(slot).rawValue)","cursor":"\#(cursor)""#)
        json.append(#","lag":{"events":\#(lag.events),"bytes":\#(lag.bytes),"seconds":\#(lag.age / 1000)}"#)
        json.append(#","sent":"#)
        json.append(connections[connection].transport.descriptor.bytesTaken.map { "\($0)" } ?? "null")
        json.append(",")
        appendClient(of: slot, to: &json)
        if isDetailed {
            json.append(#","connection":"#)
            let measured = connections[connection].transport.descriptor.tcpMeasurements
            json.append(
                measured.map {
                    #"{"roundTripMicroseconds":\#($0.roundTrip),"retransmissions":\#($0.retransmissions)}"#
                } ?? "null")
        }
        json.append("}")
        return json
    }

    /// Appends where a session is: its address and its channels, as members of an object.
    func appendPlace(of slot: UInt32, to json: inout [UInt8]) {
        json.append(#""address":\#(JSONText.string(address(slot).map { "\($0)" })),"channels":["#)
        for (index, subject) in subjects(slot).enumerated() {
            if index > 0 { json.append(",") }
            JSONText.append(quoted: subject.description, to: &json)
        }
        json.append("]")
    }

    /// Appends since when it has been there, and its client, as members of an object.
    func appendClient(of slot: UInt32, to json: inout [UInt8]) {
        let since = (Int64(subscribers[slot].since) + time.clockAhead) / 1000
        let agent = String(decoding: subscribers[slot].client.agent, as: UTF8.self)
        let name = subscribers[slot].grant?.name ?? ""
        json.append(#""since":\#(since),"agent":\#(JSONText.string(agent.isEmpty ? nil : agent))"#)
        json.append(#","token":\#(JSONText.string(name.isEmpty ? nil : name))"#)
    }
}
