import Broadcasting

/// The topics of a subscriber. Nearly every subscriber has one, which needs no memory of its own.
enum SubscriberTopics {
    /// More than one.
    final class Several {
        var memberships: [TopicMembership]

        init(_ memberships: [TopicMembership]) {
            self.memberships = memberships
        }
    }

    case one(TopicMembership)
    case several(Several)

    init(_ memberships: [TopicMembership]) {
        self = memberships.count == 1 ? .one(memberships[0]) : .several(Several(memberships))
    }

    var memberships: [TopicMembership] {
        switch self {
        case .one(let membership): [membership]
        case .several(let several): several.memberships
        }
    }

    var cursors: [TopicCursor] { memberships.map(\.cursor) }

    /// Replaces the cursors, which are in the order of the memberships.
    mutating func update(_ cursors: [TopicCursor]) {
        switch self {
        case .one(var membership):
            membership.cursor = cursors[0]
            self = .one(membership)
        case .several(let several):
            for (index, cursor) in cursors.enumerated() { several.memberships[index].cursor = cursor }
        }
    }

    /// Records a new place in the list of a topic.
    mutating func move(in fanOut: Int32, to place: Int) {
        switch self {
        case .one(var membership):
            membership.place = UInt32(place)
            self = .one(membership)
        case .several(let several):
            guard let index = several.memberships.firstIndex(where: { $0.fanOut == fanOut }) else { return }
            several.memberships[index].place = UInt32(place)
        }
    }

    /// Removes a topic.
    ///
    /// - Returns: its membership; nil when it is the only topic, or none of these.
    func remove(_ topic: TopicID) -> TopicMembership? {
        guard case .several(let several) = self, several.memberships.count > 1,
            let index = several.memberships.firstIndex(where: { $0.cursor.topic == topic })
        else { return nil }
        return several.memberships.remove(at: index)
    }
}
