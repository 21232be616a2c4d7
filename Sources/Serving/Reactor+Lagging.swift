import Broadcasting
import EventStreams
import Kernel
import Logging

extension Reactor {
    /// Milliseconds between two looks at a subscriber that does not take what it is sent.
    static var lagCheck: UInt64 { 1000 }

    /// From here on the subscriber waits for its socket. Only one that was live is slow: another has the log to read.
    mutating func fallBehind(_ slot: UInt32) {
        if connections[slot].phase == .live { connections[slot].isSlow = true }
        connections[slot].phase = .behind
        setDeadline(slot, after: Self.lagCheck)
    }

    /// A subscriber that is behind and takes nothing reads no log either, so its lag is looked at by the clock.
    mutating func checkLag(_ slot: UInt32) {
        let overdue = hub.overdue(
            interests(of: slot), after: connections[slot].cursor, begun: connections[slot].partial,
            isSlow: connections[slot].isSlow, now: today)
        if let overdue { return cut(slot, overdue.lag, farewell: overdue.farewell) }
        setDeadline(slot, after: Self.lagCheck)
    }

    /// Ends the connection of a subscriber that is too far behind.
    mutating func cut(_ slot: UInt32, _ lag: Lag, farewell: [UInt8]?) {
        report(slot, "was cut off", lag)
        if let farewell { return sayLast(slot, farewell) }
        close(slot, .slow)
    }

    /// Counts and logs what was done to a slow subscriber. A thousand of them must not fill the journal.
    mutating func report(_ slot: UInt32, _ what: String, _ lag: Lag) {
        port.status.count(lag)
        guard let suppressed = slowLog.admit(now: now) else { return }
        let peer = SocketAddress(peerOf: connections[slot].descriptor)
        log.notice(
            "a slow subscriber \(what)",
            metadata: ["peer": "\(peer)", "lag": "\(lag)", "suppressed": "\(suppressed)"])
    }

    /// What a subscriber has been told of.
    mutating func remember(_ interests: [Interest], _ slot: UInt32) {
        guard let several = connections[slot].several else {
            connections[slot].toldThrough = interests[0].toldThrough
            connections[slot].toldEvictions = interests[0].toldEvictions
            return
        }
        for (index, interest) in interests.enumerated() { several.memberships[index].interest = interest }
    }

    /// Tells a subscriber what it will not get.
    ///
    /// - Returns: whether that is out.
    mutating func say(_ gap: Gap, to slot: UInt32) -> Bool {
        connections[slot].partial = Frame(
            sequence: connections[slot].cursor, time: today,
            wire: EventEncoder.encode(Notices.gap(gap)))
        connections[slot].partialOffset = 0
        finishOrFallBehind(slot)
        return connections[slot].phase == .behind && connections[slot].partial == nil
    }
}
