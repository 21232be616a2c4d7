public import Broadcasting

/// An ordered log that several nodes share, such as one on etcd. Each method waits for the engine, and is for one thread
/// at a time; different methods may run at once.
public protocol SharedLog: Sendable {
    /// Finds the epoch of the log, or begins one.
    ///
    /// - Parameters:
    ///   - proposed: for a new log, or for one of a store that was restored from a copy.
    ///   - seen: what this node has seen of the log before; nil for nothing. A store that is behind it was replaced.
    func open(proposing proposed: Epoch, seen: LogMark?) throws(LogFailure) -> LogMark

    /// Whether all parts of the engine answer, and none knows the store that this node has used.
    var isReplaced: Bool { get }

    /// Begins an epoch in place of another, because the store was replaced.
    func replaceEpoch(_ old: Epoch, with new: Epoch) throws(LogFailure)

    /// Makes a life of a node the only one that may append in its name.
    func claim(_ place: WriterPlace) throws(LogFailure)

    /// Appends an entry if the node's place is still this one, and moves the place on by one.
    ///
    /// - Parameter epoch: the entry is refused in another one.
    func append(_ entry: [UInt8], at place: WriterPlace, epoch: Epoch) throws(LogFailure) -> AppendOutcome

    /// The place of a node, read from the majority; nil when no life has claimed it.
    func place(of node: String) throws(LogFailure) -> WriterPlace?

    /// The revision after which the log begins; 0 when nothing was trimmed.
    func beginning() throws(LogFailure) -> UInt64

    /// Passes on everything that comes after a revision, in order, and then what comes new. Returns when the connection is
    /// lost, or when `isStopped` says so.
    func tail(
        after revision: UInt64, isStopped: @escaping @Sendable () -> Bool, _ take: @escaping (TailItem) -> Void
    ) throws(LogFailure)

    /// Reads the entry of a revision again; nil when the log does not have it any more.
    func read(_ revision: UInt64) throws(LogFailure) -> [UInt8]?

    /// The end of the log, read from the majority.
    func head() throws(LogFailure) -> LogHead

    /// Goes on with another part of the engine, because this one does not tell what is new.
    func moveOn()

    /// Lets the engine forget everything before a revision.
    func trim(below revision: UInt64) throws(LogFailure)

    /// Tells the other nodes that this one lives; they learn when it does not any more.
    ///
    /// - Parameter isRenewing: whether to write it anew, which makes the revision rise.
    /// - Returns: whether the others may have taken the node for gone.
    func announce(_ node: String, renewing isRenewing: Bool) throws(LogFailure) -> Bool

    /// Tells the other nodes at once that this one goes.
    func leave(_ node: String)

    /// The nodes that live, and what they announced.
    func nodes() throws(LogFailure) -> [String: [UInt8]]
}

/// Why the shared log did not do something.
public enum LogFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The engine does not answer. It may have done what it was asked for.
    case unreachable(String)
    /// The engine has no room. It may have done what it was asked for nevertheless.
    case full(String)
    /// The engine refuses it, and has not done it.
    case refused(String)
    /// The log does not go back as far as that; it does up to after this revision.
    case compacted(UInt64)
    /// The store is not the one that this node knows.
    case replaced(String)

    /// A reason, without a full stop.
    public var description: String {
        switch self {
        case .unreachable(let reason), .full(let reason), .refused(let reason), .replaced(let reason): reason
        case .compacted(let revision): "the log begins after revision \(revision)"
        }
    }
}

/// An epoch of a log, and how far a node has seen it.
public struct LogMark: Sendable, Hashable {
    /// The epoch.
    public var epoch: Epoch
    /// The engine's own name for its store. A store that was restored from a copy has another one.
    public var store: String
    /// The newest revision.
    public var revision: UInt64

    /// A mark.
    public init(epoch: Epoch, store: String, revision: UInt64) {
        (self.epoch, self.store, self.revision) = (epoch, store, revision)
    }
}

/// Where a node is in its own entries: each place is used once. The life tells a process from an earlier one, whose last
/// entry may still be on its way.
public struct WriterPlace: Sendable, Hashable {
    /// The name of the node.
    public var node: String
    /// A random name of the life of its process.
    public var life: String
    /// How many entries the life has appended.
    public var count: UInt64

    /// A place.
    public init(node: String, life: String, count: UInt64) {
        (self.node, self.life, self.count) = (node, life, count)
    }

    /// The place after the next entry.
    public var next: WriterPlace { WriterPlace(node: node, life: life, count: count + 1) }
}

/// What became of an entry.
public enum AppendOutcome: Sendable, Hashable {
    /// The log has it, in this revision; 0 when that is not known.
    case appended(revision: UInt64)
    /// The node is at another place, so the log has not taken it this time; nil when the node has no place any more.
    case moved(WriterPlace?)
    /// The log is in another epoch.
    case otherEpoch(Epoch?)
}

/// The end of a log.
public struct LogHead: Sendable, Hashable {
    /// Its epoch; nil when there is none any more.
    public var epoch: Epoch?
    /// See ``LogMark/store``.
    public var store: String
    /// The newest revision of the engine, of whatever it was.
    public var revision: UInt64
    /// The revision of the newest entry; 0 before the first.
    public var entry: UInt64

    /// An end.
    public init(epoch: Epoch?, store: String, revision: UInt64, entry: UInt64) {
        (self.epoch, self.store, self.revision, self.entry) = (epoch, store, revision, entry)
    }
}

/// What the tail of a log passes on.
public enum TailItem: Sendable {
    /// An entry.
    case entry(revision: UInt64, [UInt8])
    /// The epoch is another one; nil when it was deleted.
    case epoch(revision: UInt64, Epoch?)
    /// A node has announced something, or is gone.
    case node(revision: UInt64, String, isAlive: Bool)
    /// The tail has begun, or goes on after this revision.
    case reached(revision: UInt64)
}
