import Broadcasting
import Kernel

/// What a node does about once a second while the engine answers: it tells that it lives, tells how many subscribers it has,
/// and, if it is the first of all that live, trims the log.
struct NodeControl {
    private let settings: ClusterSettings
    /// When the node last looked which nodes live; nil before it has.
    private var lastLook: UInt64?
    /// The revision of the trim after which the node last told all of its subscribers; nil before it has.
    private var reported: UInt64?
    private var lastTrim: UInt64 = 0
    private var compacted: UInt64 = 0

    init(_ settings: ClusterSettings) { self.settings = settings }

    /// Milliseconds between two looks at which nodes live: the tail tells of each that comes and goes, unless it was cut.
    private static let lookInterval: UInt64 = 30_000
    /// Milliseconds between two trims of a log to which little is appended.
    private static let trimInterval: UInt64 = 30_000

    mutating func keep(
        _ node: ClusterNode, _ log: any SharedLog, _ hub: Hub, epoch: Epoch
    ) throws(LogFailure) {
        // Each revision has numbers for a few events of the node's own channels.
        let isNew = try log.announce(settings.node, renewing: lastLook == nil || hub.ownNumbersLeft < 8)
        // The others may have forgotten the subscribers of a node that was silent.
        if isNew { reported = nil }
        if lastLook.map({ Clock.monotonic > $0 + Self.lookInterval }) ?? true {
            let living = Set(try log.nodes().keys)
            node.setLiving(living)
            hub.keepNodes(living)
            lastLook = Clock.monotonic
        }
        let trims = node.trimFigures(limit: settings.total)
        // What a node told before a trim is forgotten with it.
        let isForgotten = reported.map { SharedNumber.revision(of: trims.below) > $0 } ?? true
        hub.reportSubscribers(isFirst: isForgotten, now: Clock.steady)
        if isForgotten { reported = node.status.applied }
        guard node.status.living.min() == settings.node else { return }
        trim(trims, hub)
        if trims.unneeded > compacted {
            try log.trim(below: trims.unneeded)
            compacted = trims.unneeded
        }
    }

    private mutating func trim(_ trims: LogTrims.Figures, _ hub: Hub) {
        guard trims.entries > 0 else { return }
        var trim = hub.trimmable(now: Clock.steady)
        trim.below = max(trim.below, SharedNumber.first(of: trims.start))
        trim = SharedTrim(below: trim.below, keysBelow: trim.keysBelow)
        let isDue =
            trims.bytes > settings.total / 16 || trims.entries > 4096
            || Clock.monotonic > lastTrim + Self.trimInterval
        guard isDue, trim.below > trims.below || trim.keysBelow > trims.below else { return }
        lastTrim = Clock.monotonic
        hub.queue(.trim(trim), now: Clock.steady)
    }
}
