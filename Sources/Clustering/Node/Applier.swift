import Broadcasting
import DequeModule

/// Applies the entries of the log to the hub, in their order, and checks that all nodes do the same.
final class Applier {
    private let hub: Hub
    private let epoch: Epoch
    /// The newest revision that the node has applied, and the newest entry.
    private(set) var revision: UInt64 = 0
    private(set) var entry: UInt64 = 0
    private(set) var trims = LogTrims()
    /// The entries that this process has appended, and that have not come back.
    private var pending: [WriterPlace: SharedBatch] = [:]
    private var digest = StableHash()
    /// What the node had done at its newest revisions.
    private var done: Deque<Entry.Claim> = []
    /// The node has read everything after this revision.
    private var start: UInt64
    /// Whether the digest is that of a node that has read everything that matters.
    private var isComparable: Bool

    /// How many claims are remembered.
    private static let remembered = 8192

    /// What came of an entry.
    enum Outcome {
        /// The node that wrote it, and its clock.
        case applied(node: String, time: UInt64, isTrim: Bool)
        case cannotRead(String)
        case disagrees(String)
    }

    /// - Parameter start: the log begins after this revision.
    init(_ hub: Hub, epoch: Epoch, start: UInt64) {
        (self.hub, self.epoch, self.start) = (hub, epoch, start)
        isComparable = start == 0
        revision = start
        hub.reach(start)
    }

    /// What the node has done, for its next entry; nil while nobody could compare it.
    var claim: Entry.Claim? { isComparable ? done.last : nil }

    /// Remembers a batch that is about to be appended.
    func expect(_ batch: SharedBatch, at place: WriterPlace) { pending[place] = batch }

    /// Forgets a batch that nobody waits for any more.
    ///
    /// - Returns: the batch, unless it has come back.
    func withdraw(_ place: WriterPlace) -> SharedBatch? { pending.removeValue(forKey: place) }

    /// Withdraws the batches that have waited since before a time.
    func withdraw(since time: UInt64) -> [SharedBatch] {
        let late = pending.filter { $0.value.since < time }
        for place in late.keys { pending[place] = nil }
        return Array(late.values)
    }

    /// The node has seen everything up to a revision.
    func reach(_ revision: UInt64) {
        guard revision > self.revision else { return }
        self.revision = revision
        hub.reach(revision)
    }

    /// Applies an entry.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - isLive: whether the node has read the log before. What it finds then is taken for right: otherwise one wrong claim
    ///     would keep every node from starting that disagrees with it.
    func apply(_ revision: UInt64, _ bytes: [UInt8], now: UInt64, isLive: Bool) -> Outcome {
        // After a reconnect some may come again.
        guard revision > self.revision else { return .applied(node: "", time: now, isTrim: false) }
        let entry: Entry
        do throws(EntryReader.Damage) {
            entry = try Entry(bytes, epoch: epoch) { pending[$0] != nil }
        } catch {
            return .cannotRead("entry \(revision) of the log cannot be read: \(error)")
        }
        if isLive, let claim = entry.claim, isComparable,
            let mine = done.last(where: { $0.revision <= claim.revision }),
            mine.revision == claim.revision, mine.digest != claim.digest
        {
            return .disagrees("node \(entry.place.node) has decided otherwise up to entry \(claim.revision)")
        }
        let batch = pending.removeValue(forKey: entry.place)
        let shared = SharedEntry(
            revision: revision, time: entry.time, node: entry.place.node, changes: entry.changes, of: batch)
        hub.apply(shared, now: now, &digest)
        (self.revision, self.entry) = (revision, revision)
        digest.add(revision)
        trims.add(revision: revision, bytes: bytes.count)
        var isTrim = false
        for case .trim(let trim) in shared.changes {
            isTrim = true
            trims.add(trim: revision, below: trim.below)
            if !isComparable, SharedNumber.revision(of: trim.below) > start {
                isComparable = true
                done = []
            }
        }
        done.append(Entry.Claim(revision: revision, digest: digest.value))
        if done.count > Self.remembered { done.removeFirst() }
        return .applied(node: entry.place.node, time: entry.time, isTrim: isTrim)
    }

    /// Goes on after a revision, because the log was trimmed up to there before the node had read that far. Nobody may have
    /// subscribed yet. What is missing are events that no node retains, and keys that the next trim forgets.
    func skip(to revision: UInt64) {
        (start, isComparable, done) = (revision, false, [])
        hub.skip(through: SharedNumber.first(of: revision + 1) - 1)
        reach(revision)
    }

    /// See ``LogTrims/figures(limit:)``.
    func trimFigures(limit: Int) -> LogTrims.Figures { trims.figures(limit: limit) }
}
