public import Broadcasting
public import SystemPackage

/// What survives if this process is killed: its streams in shared memory, and their sockets in a queue.
public struct Recovery: Sendable {
    /// The streams.
    public let file: RecoveryFile
    /// Their sockets.
    public let sockets: RecoverySockets

    /// Nothing so far.
    ///
    /// - Parameters:
    ///   - loops: 1 to 64.
    ///   - slots: how many streams of each loop to record at most.
    ///   - epochs: of the log.
    public init(loops: Int, slots: Int, epochs: Epochs) throws(Errno) {
        file = try RecoveryFile(loops: loops, slots: slots, epochs: epochs)
        sockets = try RecoverySockets()
    }
}
