/// The treatment of a subscriber that does not keep up with a channel.
public struct SlowPolicy: Sendable, Hashable {
    /// The measure.
    public enum Action: String, Sendable, Hashable, CaseIterable {
        /// crier disconnects the subscriber. The client reconnects with Last-Event-ID, and gets a `crier.gap` if it
        /// missed evicted events.
        case disconnect
        /// The subscriber gets a `crier.gap` and continues with the newest retained event.
        case skip
        /// The subscriber gets only the newest event of each key. All events without a key count as one key.
        case latest
    }

    /// The measure.
    public var action: Action
    /// Events that a subscriber may be behind; 0 is no limit.
    public var events: Int
    /// Bytes on the wire that a subscriber may be behind; 0 is no limit.
    public var bytes: Int
    /// Milliseconds since the publish of the oldest event that a subscriber has not received; 0 is no limit.
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
