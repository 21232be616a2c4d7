/// An event in the log of one channel: its number, and its bytes while they are in memory.
struct LogEntry {
    let sequence: UInt64
    /// When it was published, in milliseconds since 1970.
    let time: UInt64
    /// Bytes on the wire of all events of the channel up to and including this one, evicted ones too.
    let end: Int
    /// Nil when the bytes are in the archive only.
    var frame: Frame?

    /// Whether it marks the end of the channel, which is no event. The archive never stores such an entry.
    var isEnd: Bool { frame?.endsTopic != nil }
}
