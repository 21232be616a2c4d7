import DequeModule

/// The oldest and the newest event that is held of the channels that a pattern matches. It is kept up to date by looking
/// only at what has come and gone since it was asked for last: the channels may be very many.
struct Extent {
    var oldest: LogPlace?
    var newest: LogPlace?
    /// All events up to here have been looked at.
    var through: UInt64
}

extension HubState {
    /// The oldest and the newest event that is held of a topic; nil when none is.
    func extent(of id: TopicID) -> (oldest: LogPlace, newest: LogPlace)? {
        guard case .pattern(let pattern) = self[id].subject else {
            return bounds(of: [id])
        }
        if let known = self[id].extent {
            self[id].extent = renewed(known, id)
        } else {
            let bounds = bounds(of: channels(matching: pattern))
            self[id].extent = Extent(oldest: bounds?.oldest, newest: bounds?.newest, through: head)
        }
        guard let oldest = self[id].extent?.oldest, let newest = self[id].extent?.newest else { return nil }
        return (oldest, newest)
    }

    private func bounds(of channels: [TopicID]) -> (oldest: LogPlace, newest: LogPlace)? {
        var oldest: LogPlace?
        var newest: LogPlace?
        for channel in channels {
            guard let first = self[channel].log.oldestEntry?.sequence,
                let last = self[channel].log.newestEntry?.sequence
            else { continue }
            if first < oldest?.sequence ?? .max { oldest = LogPlace(topic: channel.index, sequence: first) }
            if last > newest?.sequence ?? 0 { newest = LogPlace(topic: channel.index, sequence: last) }
        }
        guard let oldest, let newest else { return nil }
        return (oldest, newest)
    }

    private func renewed(_ extent: Extent, _ id: TopicID) -> Extent {
        let matcher = Matcher(self, [Interest(topic: id, toldThrough: 0)])
        func isHeld(_ place: LogPlace) -> Bool { matcher.entry(place) != nil }
        func first(in places: some Sequence<LogPlace>) -> LogPlace? {
            places.first(where: isHeld)
        }
        var result = Extent(oldest: extent.oldest, newest: extent.newest, through: head)
        let news = orderIndex(after: extent.through)
        if let newer = first(in: order[news...].reversed()) {
            result.newest = newer
        } else if let newest = extent.newest, !isHeld(newest) {
            result.newest = first(in: order[..<orderIndex(after: newest.sequence)].reversed())
        }
        if extent.oldest.map(isHeld) != true {
            // What is held is never older than what was the oldest.
            let start = extent.oldest.map { orderIndex(after: $0.sequence - 1) } ?? news
            result.oldest = first(in: order[start...])
        }
        return result
    }
}
