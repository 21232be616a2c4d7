import Broadcasting
import Bytes
import EventStreams
import Hooks
import Kernel

/// Tells the hooks what happens in the loop.
extension Reactor {
    /// Channels between two readings of the clock.
    private static var changesPerStep: Int { 64 }

    /// A client has subscribed, or its stream has ended.
    ///
    /// - Parameter end: why it has ended.
    func report(_ kind: HookKind, _ slot: UInt32, _ end: StreamEnd? = nil) {
        guard context.hooks.wants(kind), !connections[subscribers[slot].stream.connection].isInternal else { return }
        let subjects = subjects(slot)
        context.hooks.report(kind, about: "\(subscribers[slot].session)") { pattern in
            subjects.contains { $0.isConcerned(by: pattern) }
        } data: {
            var json = Array(#"{"session":"\#(subscribers[slot].session)","#.utf8)
            appendPlace(of: slot, to: &json)
            json.append(",")
            appendClient(of: slot, to: &json)
            if let end { json.append(#","reason":"\#(end.label)""#) }
            json.append("}")
            return json
        }
    }

    /// Tells of channels that were created and deleted. Only the first loop does.
    mutating func reportChannels() {
        guard context.index == 0, context.hooks.wants(.channelCreated) || context.hooks.wants(.channelEnded) else {
            return
        }
        let deadline = time.deadlineForPart()
        repeat {
            let (changes, lost) = context.hub.takeChannelChanges(Self.changesPerStep)
            if lost > 0 { context.hooks.countLost(lost) }
            for change in changes { report(change) }
            firstLoop.hasUnreportedChannels = changes.count == Self.changesPerStep
        } while firstLoop.hasUnreportedChannels && Clock.monotonicNanoseconds < deadline
    }

    private func report(_ change: ChannelChange) {
        let kind =
            switch change {
            case .created: HookKind.channelCreated
            case .ended: HookKind.channelEnded
            }
        context.hooks.report(kind, about: change.name.description) {
            $0.matches(change.name)
        } data: {
            Array(#"{"channel":\#(JSONText.string(change.name.description))}"#.utf8)
        }
    }
}

extension TopicSubject {
    /// Whether a hook for the channels of a pattern is told of a subscriber of this.
    func isConcerned(by pattern: ChannelPattern) -> Bool {
        switch self {
        case .channel(let name): pattern.matches(name)
        case .pattern(let own): pattern.covers(own) || own.covers(pattern)
        }
    }
}
