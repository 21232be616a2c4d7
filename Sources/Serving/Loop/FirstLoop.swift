import Broadcasting
import Metrics

/// The work that the first loop does for all of them.
struct FirstLoop {
    /// The sweep of the history in progress, and when it goes on, in nanoseconds of the monotonic clock.
    var sweep: (left: Sweep, goesOn: UInt64)?
    /// Whether hooks may not have been told of all channels yet.
    var hasUnreportedChannels = false
    /// Whether there may be presence to tell.
    var tellsPresence = false
    /// Whether somebody has watched the log. The loop publishes nothing before, so that a log of events that nobody watches
    /// numbers only the events of publishers.
    var tellsLog = false
    /// How long deliveries took until the last event of `$crier/stats`; nil when nobody watches.
    var lastDeliveryTimes: Distribution?
}
