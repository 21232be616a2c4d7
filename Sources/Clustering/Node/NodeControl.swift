import Broadcasting
import Kernel

/// What a node does about once a second while the engine answers: it tells that it lives, tells how many subscribers it has,
/// and, if it is the first of all that live, trims the log.
struct NodeControl {
    private let settings: ClusterSettings
    private var hasAnnounced = false
    /// The revision of the trim after which the node last told all of its subscribers; nil before it has.
    private var reported: UInt64?
    private var lastTrim: UInt64 = 0
    private var compacted: UInt64 = 0

    init(_ settings: ClusterSettings) { self.settings = settings }

    /// Milliseconds between two trims of a log to which little is appended.
    private static let trimInterval: UInt64 = 30_000

    mutating func keep(
        _ node: ClusterNode, _ log: any SharedLog, _ hub: Hub, epoch: Epoch
    ) throws(LogFailure) {
        // Each revision has numbers for a few events of the node's own channels.
        try log.announce(settings.node, renewing: !hasAnnounced || hub.ownNumbersLeft < 8)
        if !hasAnnounced {
            let living = Set(try log.nodes().keys)
            node.setLiving(living)
            hub.keepNodes(living)
            hasAnnounced = true
        }
        let trims = node.trims()
        // What a node told before a trim is forgotten with it.
        let isForgotten = reported.map { SharedNumber.revision(of: trims.below) > $0 } ?? true
        hub.reportSubscribers(isFirst: isForgotten, now: Clock.steady)
        if isForgotten { reported = node.status.applied }
        guard node.status.living.min() == settings.node else { return }
        trim(trims, hub)
        let unneeded = node.unneeded()
        if unneeded > compacted {
            try log.trim(below: unneeded)
            compacted = unneeded
        }
    }

    private mutating func trim(_ trims: LogTrims, _ hub: Hub) {
        guard trims.sinceTrim > 0 else { return }
        var trim = hub.trimmable(now: Clock.steady)
        trim.below = max(trim.below, SharedNumber.first(of: trims.start(limit: settings.total)))
        trim = SharedTrim(below: trim.below, keysBelow: trim.keysBelow)
        let isDue =
            trims.bytesSinceTrim > settings.total / 16 || trims.sinceTrim > 4096
            || Clock.monotonic > lastTrim + Self.trimInterval
        guard isDue, trim.below > trims.below || trim.keysBelow > trims.below else { return }
        lastTrim = Clock.monotonic
        hub.queue(.trim(trim), now: Clock.steady)
    }
}
