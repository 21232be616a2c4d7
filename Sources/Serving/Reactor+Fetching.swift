import Broadcasting
import DequeModule

extension Reactor {
    /// Subscribers of one loop that wait for the archive at a time: what it has read for them waits in memory.
    private static var fetchLimit: Int { 16 }

    /// Whether some who wait for their turn to fetch can have it.
    var canFetch: Bool { !fetches.isEmpty && fetching < Self.fetchLimit }

    /// Asks the archive for the next events of a subscriber, now or when fewer others do.
    mutating func fetch(_ absent: [UInt64], _ slot: UInt32) {
        guard fetching < Self.fetchLimit else {
            if connections[slot].fetch == .none { fetches.append(connections.token(slot)) }
            connections[slot].fetch = .queued
            return
        }
        fetching += 1
        connections[slot].fetch = .asked
        hub.fetch(absent, reply: Reply(loop: index, token: connections.token(slot).rawValue))
    }

    /// Lets as many of those who wait for their turn read on as may fetch. Some of them may have gone, or not need to any
    /// more: so this is looked at in every turn, and not when somebody is through.
    mutating func admitFetches() {
        for _ in fetching..<max(fetching, Self.fetchLimit) {
            guard let next = fetches.popFirst() else { return }
            guard let slot = connections.slot(of: next), connections[slot].fetch == .queued else { continue }
            connections[slot].fetch = .none
            queueCatchUp(slot)
        }
    }

    /// Goes on with a subscriber for which the archive has read.
    mutating func take(_ frames: [Frame], _ token: UInt64) {
        fetching -= 1
        guard let slot = connections.slot(of: Token(rawValue: token)), connections[slot].fetch == .asked else { return }
        connections[slot].fetch = .none
        guard connections[slot].phase == .behind, connections[slot].partial == nil else { return }
        if send(frames, to: slot), connections[slot].phase == .behind { queueCatchUp(slot) }
    }
}
