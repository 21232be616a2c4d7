import Broadcasting

/// The place of a subscriber in one topic.
struct TopicMembership {
    /// The index of the topic in the loop's ``FanOut``.
    let fanOut: Int32
    /// Its place in the list of the topic's subscribers.
    var place: UInt32
    /// How far the subscriber has got in the topic.
    var cursor: TopicCursor
}
