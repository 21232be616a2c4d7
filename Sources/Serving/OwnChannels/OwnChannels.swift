import Metrics

/// What the first loop remembers between two events of the daemon's own channels.
struct OwnChannels {
    /// Whether there may be presence to tell.
    var tellsPresence = false
    /// How long deliveries took until the last event of `$crier/stats`; nil when nobody watches.
    var lastDeliveryTimes: Distribution?
}
