public import Bytes

/// Hands the state of the hub over to another process.
extension Hub {
    /// Whether no publish and no end waits for the archive or the shared log.
    public var isQuiet: Bool {
        state.withLock { state in
            state.writeQueue.map { $0.waiting.isEmpty && !$0.isWriting }
                ?? state.shared.map { $0.isEmpty && $0.inFlight == 0 } ?? true
        }
    }

    /// Writes a snapshot of the log, or, with an archive, of what the archive does not store. Nothing else may use the hub
    /// meanwhile.
    ///
    /// - Returns: the topics of the snapshot.
    public func write(to writer: inout ByteWriter) -> SnapshotTopics { state.withLock { $0.write(to: &writer) } }

    /// Restores a snapshot into this hub, which must be new: without an archive instead of every other method, and with
    /// one between the archive's events and ``finishRestoring(now:)``. After an error the hub is of no use.
    ///
    /// - Parameter now: milliseconds since 1970.
    /// - Returns: the topics of the snapshot, by their places.
    public func restore(
        _ reader: inout ByteReader, now: UInt64
    ) throws(ByteReader.Damage) -> [RestoredTopic] {
        let result = state.withLock { state -> Result<[RestoredTopic], ByteReader.Damage> in
            do throws(ByteReader.Damage) {
                return .success(try state.restore(from: &reader, now: now))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// A hub to check a snapshot with.
    ///
    /// - Parameters:
    ///   - reader: at the start of the snapshot.
    ///   - epoch: of the snapshot.
    public static func forCheck(_ reader: inout ByteReader, epoch: Epoch) throws(ByteReader.Damage) -> Hub {
        let hub = Hub(epoch: epoch, policy: HistoryPolicy(), mailboxes: [])
        guard try reader.flag() else { return hub }
        _ = try reader.text()
        let (head, _, uncertain) = (try reader.number(), try reader.number(), try reader.number())
        hub.restore(StoredState(epochs: Epochs(epoch), head: head, lastEpoch: epoch, uncertainThrough: uncertain))
        return hub
    }

    /// The channel or pattern of a topic with subscribers.
    public func subject(of topic: TopicID) -> TopicSubject { state.withLock { $0.registry[topic].subject } }

    /// Adds a subscriber of a restored topic. It starts behind, with the position that it had.
    public func attach(_ topic: TopicID, on loop: Int) { state.withLock { $0.attach(topic, on: loop) } }
}
