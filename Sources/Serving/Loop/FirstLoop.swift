import Broadcasting
import Kernel
import Metrics

/// The work that the first loop does for all of them.
struct FirstLoop {
    /// The sweep of the history in progress, and when it goes on, in nanoseconds of the monotonic clock.
    private var sweepInProgress: (left: Sweep, goesOn: UInt64)?
    /// Whether hooks may not have been told of all channels yet.
    var hasUnreportedChannels = false
    /// Whether there may be presence to tell.
    var tellsPresence = false
    /// Whether somebody has watched the log. The loop publishes nothing before, so that a log of events that nobody watches
    /// numbers only the events of publishers.
    var tellsLog = false
    /// How long deliveries took until the last event of `$crier/stats`; nil when nobody watches.
    var lastDeliveryTimes: Distribution?

    /// Whether a sweep waits to go on.
    var isSweeping: Bool { sweepInProgress != nil }

    /// Sweeps the history a little: a sweep of a million channels takes some ten milliseconds, and many times that after a
    /// change of the limits. The loop does something else nine tenths of the time.
    mutating func sweep(_ hub: Hub, _ time: TurnTime) {
        if time.isNewSecond, !isSweeping { sweepInProgress = (hub.startSweep(), goesOn: 0) }
        guard let (next, goesOn) = sweepInProgress, time.began >= goesOn else { return }
        let start = Clock.monotonicNanoseconds
        let deadline = time.deadlineForPart()
        var now = start
        var left: Sweep? = next
        while let next = left, now < deadline {
            left = hub.step(next, now: time.today)
            now = Clock.monotonicNanoseconds
        }
        sweepInProgress = left.map { ($0, goesOn: now + 9 * (now - start)) }
    }
}
