/// Stores events so that they survive the process. Any thread may call it, and no call waits.
public protocol Archive: Sendable {
    /// Tells the archive that the hub has something to write; the archive calls ``Hub/nextBatch()`` until that returns
    /// nil.
    func wake()

    /// Reads events by their numbers, in ascending order, and posts them to a mailbox as
    /// ``Completion/fetched(_:_:missing:)``.
    func fetch(_ asked: [UInt64], for token: UInt64, into mailbox: Mailbox)
}
