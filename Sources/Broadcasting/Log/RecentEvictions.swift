import DequeModule

/// The latest evictions of all channels, for patterns that match more channels than there is time to look at.
struct RecentEvictions {
    private var recent: Deque<(sequence: UInt64, channel: ChannelName)> = []
    /// Up to this number events may have been evicted that are no longer listed.
    private(set) var unknownThrough: UInt64 = 0
    /// The most evictions that the list has.
    private static let remembered = 4096

    /// The highest number of an evicted event.
    var through: UInt64 { recent.reduce(unknownThrough) { max($0, $1.sequence) } }

    /// Restores that events up to a number may have been evicted.
    mutating func restore(unknownThrough through: UInt64) { unknownThrough = max(unknownThrough, through) }

    mutating func record(_ sequence: UInt64, of channel: ChannelName) {
        recent.append((sequence, channel))
        if recent.count > Self.remembered { unknownThrough = max(unknownThrough, recent.removeFirst().sequence) }
    }

    /// The evictions of the channels that a pattern matches. When the steps do not suffice, more of them are unknown.
    ///
    /// - Parameter steps: evictions that may still be looked at.
    func matching(_ pattern: ChannelPattern, _ steps: inout Int) -> Evictions {
        var evictions = Evictions(unknownThrough: unknownThrough)
        let scan = PatternScan(pattern)
        for (sequence, channel) in recent {
            steps -= 1
            if steps < 0 {
                evictions.merge(unknownThrough: sequence)
            } else if scan.matches(channel.description.utf8.span) {
                evictions.record(sequence)
            }
        }
        return evictions
    }
}
