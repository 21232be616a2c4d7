import Synchronization

@testable import Broadcasting

/// An archive in memory. It outlives the hub, and answers a fetch at once.
final class FakeArchive: Archive {
    struct Row {
        let event: StoredEvent
        let frame: Frame
    }

    struct Contents {
        var rows: [UInt64: Row] = [:]
        var channels: [ChannelName: ArchivedChannel] = [:]
        var removedSlots: [Int: UInt64] = [:]
        var answers: [IdempotencyKey: StoredAnswer] = [:]
        var head: UInt64 = 0
        var fetches = 0
        var wakeups = 0
    }

    let contents = Mutex(Contents())

    func wake() { contents.withLock { $0.wakeups += 1 } }

    func fetch(_ asked: [UInt64], for token: UInt64, into mailbox: Mailbox) {
        let (frames, missing) = contents.withLock { contents in
            contents.fetches += 1
            let frames = asked.prefix { contents.rows[$0] != nil }.compactMap { contents.rows[$0]?.frame }
            return (frames, frames.count < asked.count ? asked[frames.count] : nil)
        }
        mailbox.complete(.fetched(token, frames, missing: missing))
    }

    /// Writes a batch, as a transaction would.
    func write(_ batch: ArchiveBatch) {
        contents.withLock { contents in
            for name in batch.removed { contents.channels[name] = nil }
            contents.removedSlots.merge(batch.removedSlots) { _, new in new }
            for channel in batch.channels { contents.channels[channel.name] = channel }
            for addition in batch.additions {
                for name in addition.frame.channels where contents.channels[name] == nil {
                    contents.channels[name] = ArchivedChannel(name: name, evictedThrough: 0, endedAt: nil)
                }
                let frame = addition.frame
                contents.rows[frame.sequence] = Row(
                    event: StoredEvent(
                        sequence: frame.sequence, time: frame.time, size: frame.count, labels: addition.labels,
                        channels: addition.frame.channels), frame: frame)
            }
            for sequence in batch.evicted { contents.rows[sequence] = nil }
            for key in batch.expired { contents.answers[key] = nil }
            for answer in batch.answers { contents.answers[answer.idempotency.key] = answer }
            contents.head = batch.head
        }
    }

    /// Makes a hub that continues from the contents.
    ///
    /// - Parameter restore: restores a snapshot.
    func hub(
        _ policy: HistoryPolicy, _ mailbox: Mailbox, now: UInt64, inMemory: Bool = false,
        restore: (Hub) throws -> Void = { _ in }
    ) throws -> Hub {
        let hub = Hub(epoch: Epoch(description: "e"), policy: policy, mailboxes: [mailbox], archive: self)
        let contents = contents.withLock { $0 }
        hub.restore(
            StoredState(
                epochs: Epochs(Epoch(description: "e")), head: contents.head, lastEpoch: Epoch(description: "e"),
                channels: Array(contents.channels.values),
                removedSlots: contents.removedSlots, answers: contents.answers.values.sorted { $0.time < $1.time }))
        for row in contents.rows.values.sorted(by: { $0.event.sequence < $1.event.sequence }) {
            let known = row.event.channels.filter { contents.channels[$0] != nil }
            var event = row.event
            event.channels = known
            hub.restore(event, inMemory ? row.frame : nil)
        }
        try restore(hub)
        hub.finishRestoring(now: now)
        return hub
    }
}
