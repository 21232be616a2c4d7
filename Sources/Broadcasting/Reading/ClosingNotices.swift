import EventStreams

/// The last control events for a subscriber that crier cuts off after all of its channels have ended. Without them the
/// client would learn of neither its loss nor the ends: it would reconnect and only get 204.
struct ClosingNotices {
    let log: EventLog
    let check: LagCheck

    /// The bytes of a gap, if events are missing, and of the ends; nil while a channel is still open.
    func bytes(_ cursors: [TopicCursor]) -> [UInt8]? {
        let registry = log.registry
        guard cursors.allSatisfy({ registry[$0.topic].isEnded }) else { return nil }
        let position = max(check.position, check.partial?.sequence ?? 0)
        // The subscriber misses the retained events too, because crier disconnects it now.
        let omissions = cursors.map { cursor in
            let last = registry[cursor.topic].log.newestSequence
            return MissedRange(topic: cursor.topic, after: max(position, cursor.reportedThrough), through: last)
        }
        let lost = LossCount(log: log, check: check).count(omissions, coming: [])
        var bytes: [UInt8] = []
        if lost != 0 {
            let gap = GapReport(log: log).gap(Array(log.id(position, nil).utf8), [], lost: lost)
            bytes += EventEncoder.encode(ControlEvents.gap(gap))
        }
        for cursor in cursors where check.partial?.endsTopic != cursor.topic {
            guard let name = registry[cursor.topic].name else { continue }
            bytes += EventEncoder.encode(ControlEvents.end(of: name))
        }
        return bytes
    }
}
