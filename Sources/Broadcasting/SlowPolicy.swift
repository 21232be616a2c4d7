/// What becomes of a subscriber that does not keep up with a channel.
public struct SlowPolicy: Sendable, Hashable {
    /// What is done about it.
    public enum Action: String, Sendable, Hashable, CaseIterable {
        /// Its connection is ended. It comes back with Last-Event-ID and goes on where it was, or is told of the gap.
        case disconnect
        /// It is told of the gap and goes on with the newest event that is held.
        case skip
        /// It gets only the newest event of the channel, or of each key.
        case latest
    }

    /// What is done about it.
    public var action: Action
    /// Events that it may be behind; 0 is no limit.
    public var events: Int
    /// Bytes on the wire that it may be behind; 0 is no limit.
    public var bytes: Int
    /// Milliseconds since the oldest event that it has not got; 0 is no limit.
    public var age: UInt64

    /// A policy. Without limits, what the history no longer holds is too far behind; with ``Action/latest`` every
    /// subscriber is that has not taken all at once.
    public init(action: Action = .disconnect, events: Int = 0, bytes: Int = 0, age: UInt64 = 0) {
        self.action = action
        self.events = events
        self.bytes = bytes
        self.age = age
    }

    var hasLimits: Bool { events > 0 || bytes > 0 || age > 0 }
}

/// In what a subscriber was too far behind.
public enum Lag: Int, Sendable, Hashable, CaseIterable {
    /// What it needs next is no longer held.
    case history
    case events, bytes, age
}
