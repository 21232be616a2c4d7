/// What crier does about a subscriber that does not keep up with a channel.
public struct SlowPolicy: Sendable, Hashable {
    /// The measure.
    public enum Action: String, Sendable, Hashable, CaseIterable {
        /// crier closes its connection. It reconnects with Last-Event-ID and resumes, or gets a `crier.gap`.
        case disconnect
        /// It gets a `crier.gap` and continues with the newest retained event.
        case skip
        /// It gets only the newest event of the channel, or of each key.
        case latest
    }

    /// The measure.
    public var action: Action
    /// Events that it may be behind; 0 is no limit.
    public var events: Int
    /// Bytes on the wire that it may be behind; 0 is no limit.
    public var bytes: Int
    /// Milliseconds since the oldest event that it has not received; 0 is no limit.
    public var age: UInt64

    /// A policy. Without limits a subscriber is too far behind when the log no longer retains its next event; with
    /// ``Action/latest``, when its socket did not take everything at once.
    public init(action: Action = .disconnect, events: Int = 0, bytes: Int = 0, age: UInt64 = 0) {
        self.action = action
        self.events = events
        self.bytes = bytes
        self.age = age
    }

    var hasLimits: Bool { events > 0 || bytes > 0 || age > 0 }
}
