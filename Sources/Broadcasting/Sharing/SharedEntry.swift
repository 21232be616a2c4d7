/// An entry of a log that several nodes share: what one node has appended at once.
public struct SharedEntry: Sendable {
    /// The revision that the engine gave it.
    public var revision: UInt64
    /// When the node made it, in milliseconds since 1970 by its clock.
    public var time: UInt64
    /// The name of the node.
    public var node: String
    /// The changes, ``SharedNumber/changesPerEntry`` places at most.
    public var changes: [SharedChange]
    /// Who waits for them in this process: as many as there are changes, or none.
    let replies: [ReplyAddress?]

    /// An entry.
    ///
    /// - Parameter batch: the same changes, if this process has appended them.
    public init(revision: UInt64, time: UInt64, node: String, changes: [SharedChange], of batch: SharedBatch? = nil) {
        self.revision = revision
        self.time = time
        self.node = node
        self.changes = batch?.changes ?? changes
        replies = batch?.replies ?? []
    }
}
