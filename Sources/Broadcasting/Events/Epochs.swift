/// The epochs of a log, each with the number of its first event, as a Kafka log has leader epochs.
///
/// Each process begins an epoch, also on a log that an earlier one wrote. An epoch of the past ends where the next one
/// begins. So when somebody puts a copy of an old log back, the numbers after the copy are given again, but in another
/// epoch: a position that a client has from there lies beyond the end of its own epoch, and is recognised for ever.
public struct Epochs: Sendable {
    /// An epoch, and the number of its first event.
    public struct Beginning: Sendable, Hashable {
        /// The epoch.
        public let epoch: Epoch
        /// The number of its first event.
        public let first: UInt64

        /// A beginning.
        public init(_ epoch: Epoch, first: UInt64) {
            self.epoch = epoch
            self.first = first
        }
    }

    /// In the order of their numbers; the last is the current one.
    private var beginnings: [Beginning]

    /// The most epochs that are remembered. A position of an older one is unknown.
    public static let limit = 1024

    /// The epochs of a log.
    ///
    /// - Parameter past: earlier epochs, in the order of their numbers.
    public init(_ current: Beginning, past: [Beginning] = []) {
        // An epoch without an event has given no position.
        let used = past.filter { $0.first < current.first }
        beginnings = used.suffix(Self.limit - 1) + [current]
    }

    /// The epochs of an empty log.
    public init(_ epoch: Epoch) {
        self.init(Beginning(epoch, first: 1))
    }

    /// The epochs, in the order of their numbers.
    public var all: [Beginning] { beginnings }

    /// The epoch of the next event.
    public var current: Epoch { beginnings[beginnings.count - 1].epoch }

    /// The position of an event in this log.
    public func position(of sequence: UInt64) -> EventPosition {
        EventPosition(epoch: epoch(of: sequence), sequence: sequence)
    }

    /// The epoch in which an event got its number.
    func epoch(of sequence: UInt64) -> Epoch {
        // Nearly always the current one.
        (beginnings.last { $0.first <= sequence } ?? beginnings[0]).epoch
    }

    /// The number of a position in the log; nil when the log never gave this position to a client.
    ///
    /// - Parameter head: the number of the newest event.
    func sequence(of position: EventPosition, head: UInt64) -> UInt64? {
        guard let index = beginnings.lastIndex(where: { $0.epoch == position.epoch }) else { return nil }
        let isLast = index == beginnings.count - 1
        let end = isLast ? head : beginnings[index + 1].first - 1
        // 0 is before the first event of all.
        let start = index == 0 ? 0 : beginnings[index].first
        return (start...max(start, end)).contains(position.sequence) && position.sequence <= head
            ? position.sequence : nil
    }
}
