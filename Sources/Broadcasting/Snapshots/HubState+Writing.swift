import Bytes
import DequeModule
import EventStreams

/// Writes a snapshot: the log of a hub without an archive, or else what the archive does not store.
extension HubState {
    /// Writes the snapshot.
    func write(to writer: inout ByteWriter) -> SnapshotTopics {
        var topics = SnapshotTopics()
        let hasArchive = canUnload
        writer.write(hasArchive)
        writer.write(log.epochs.current.description)
        writer.write(log.head)
        writer.write(log.numbered)
        writer.write(log.uncertainThrough)
        if hasArchive {
            // The archive forgets the events of an ended channel at once, and memory when its subscribers have left.
            let written = registry.all.filter { $0.subscribers > 0 && !$0.isEnded }
            write(written, to: &writer, &topics)
            topics.unstoredThrough =
                registry.endedCount == 0
                ? 0 : registry.all.reduce(0) { $1.isEnded ? max($0, $1.log.entries.last?.sequence ?? 0) : $0 }
            return topics
        }
        writer.write(count: log.epochs.all.count)
        for beginning in log.epochs.all {
            writer.write(beginning.epoch.description)
            writer.write(beginning.first)
        }
        writer.write(log.recentlyEvictedThrough)
        let slots = registry.removed.slots
        writer.write(count: slots.count)
        for (slot, through) in slots {
            writer.write(count: slot)
            writer.write(through)
        }
        write(registry.all, to: &writer, &topics)
        writeEvents(to: &writer, topics)
        let answers = answers.all
        writer.write(count: answers.count)
        for answer in answers { answer.write(to: &writer) }
        return topics
    }

    private func write(_ written: [Topic], to writer: inout ByteWriter, _ topics: inout SnapshotTopics) {
        writer.write(count: written.count)
        for topic in written {
            topics.append(topic)
            switch topic.subject {
            case .channel(let name):
                writer.write(false)
                writer.write(name.description)
            case .pattern(let pattern):
                writer.write(true)
                writer.write(pattern.description)
            }
            topic.log.evictions.write(to: &writer)
            writer.write(topic.hasRebuiltEvictions)
            writer.write(topic.log.newest.lostThrough)
            writer.write(topic.isReplaced)
            if case .ended(let time, let number) = topic.status {
                writer.write(time as UInt64?)
                writer.write(number)
            } else {
                writer.write(nil)
            }
        }
    }

    /// Writes every retained event once, in the order of the log, and with it the channels that retain it.
    private func writeEvents(to writer: inout ByteWriter, _ topics: SnapshotTopics) {
        var rest = log.index[...]
        while let first = rest.first {
            let places = rest.prefix { $0.sequence == first.sequence }
            rest = rest[places.endIndex...]
            var retaining: [(topic: Topic, entry: LogEntry)] = []
            for place in places {
                guard let topic = registry.topic(at: place.topic) else { continue }
                let index = topic.log.index(after: place.sequence - 1)
                guard index < topic.log.entries.count, topic.log.entries[index].sequence == place.sequence else {
                    continue
                }
                retaining.append((topic, topic.log.entries[index]))
            }
            guard let frame = retaining.first?.entry.frame else { continue }
            writer.write(count: retaining.count)
            for (topic, _) in retaining { writer.write(count: topics.place(of: topic.id) ?? 0) }
            let labels = retaining[0].topic.log.labels(of: first.sequence)
            writer.write(labels?.id?.description ?? "")
            writer.write(labels?.key?.description ?? "")
            frame.write(to: &writer, topics)
        }
        writer.write(count: 0)
    }
}
