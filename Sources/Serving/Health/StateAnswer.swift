import Access
import Broadcasting
import Bytes
import EventStreams
import Kernel

/// Answers `GET /debug/state`: what an operator wants to see of a daemon that behaves strangely, by loop.
struct StateAnswer {
    let context: LoopContext

    var answer: Answer {
        let hub = context.hub.summary
        var json = Array(#"{"version":"\#(context.life.version)","started":\#(context.life.started)"#.utf8)
        json.append(#","restarts":\#(context.life.restarts),"epoch":"\#(context.hub.epoch)","head":\#(hub.head)"#)
        json.append(#","channels":\#(hub.channels),"patterns":\#(hub.patterns),"events":\#(hub.events)"#)
        json.append(#","bytes":\#(hub.bytes),"bytesInMemory":\#(hub.bytesInMemory)"#)
        json.append(#","store":"\#(context.hub.storeName)""#)
        json.append(#","longestHoldMicroseconds":\#(context.hub.longestHold / 1000),"loops":["#)
        for (index, port) in context.ports.enumerated() {
            if index > 0 { json.append(",") }
            append(port, to: &json)
        }
        json.append("]}")
        return .json(json)
    }

    private func append(_ port: LoopPort, to json: inout [UInt8]) {
        let status = port.status
        json.append(#"{"turns":\#(status.turns.current)"#)
        json.append(#","longestTurnMicroseconds":\#(status.longestTurn.current / 1000)"#)
        json.append(#","connections":\#(status.connections.current),"subscribers":\#(status.subscribers.current)"#)
        json.append(#","behind":\#(status.behind.current),"published":\#(status.published.current)"#)
        json.append(#","delivered":\#(status.delivered.current),"mailboxBytes":\#(port.mailbox.backlog.current)"#)
        json.append(#","skips":\#(status.skips.current),"closed":{"#)
        for reason in CloseReason.allCases {
            if reason.rawValue > 0 { json.append(",") }
            json.append(#""\#(reason)":\#(status.closed[reason.rawValue])"#)
        }
        json.append("}}")
    }
}
