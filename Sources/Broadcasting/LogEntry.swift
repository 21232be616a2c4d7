/// An event in the log of one channel: where it stands, and its bytes while they are in memory.
struct LogEntry {
    let sequence: UInt64
    /// When it was published, in milliseconds since 1970.
    let time: UInt64
    /// Bytes that the channel had had with it.
    let end: Int
    /// Nil when the bytes are in the archive only.
    var frame: Frame?

    /// Whether it is the end of the channel, which is no event. An end is never archived.
    var isEnd: Bool { frame?.endsTopic != nil }
}

/// Where an event stands in the log of one channel.
struct LogPlace: Hashable {
    let topic: Int
    let sequence: UInt64
}
