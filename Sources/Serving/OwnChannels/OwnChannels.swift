import Metrics

/// What the first loop remembers between two events of the daemon's own channels.
struct OwnChannels {
    /// Whether there may be presence to tell.
    var tellsPresence = false
    /// Whether somebody has watched the log. The loop publishes nothing before, so that a log of events that nobody watches
    /// numbers only the events of publishers.
    var tellsLog = false
    /// How long deliveries took until the last event of `$crier/stats`; nil when nobody watches.
    var lastDeliveryTimes: Distribution?
}
