/// The three descriptors that every process starts with. They stay open; nothing here closes them.
public enum StandardStream: CInt, Sendable {
    case input = 0
    case output = 1
    case error = 2

    /// Writes bytes in one call; see ``Descriptor/write(_:)``.
    public func write(_ bytes: [UInt8]) -> WriteOutcome {
        let descriptor = Descriptor(owning: rawValue)
        let outcome = descriptor.write(bytes)
        _ = descriptor.release()
        return outcome
    }

    /// The file behind the stream; nil when the stream is closed.
    public var file: FileIdentity? { FileIdentity(number: rawValue) }
}
