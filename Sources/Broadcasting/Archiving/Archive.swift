/// Keeps events beyond the life of the process. Any thread may call it, and no call waits.
public protocol Archive: Sendable {
    /// Called when the hub has something to write and had nothing before: the archive takes it with ``Hub/nextBatch()``.
    func wake()

    /// Reads events back by their numbers, which rise, and posts them to a mailbox as ``Completion/fetched(_:_:missing:)``.
    func fetch(_ asked: [UInt64], for token: UInt64, into mailbox: Mailbox)
}
