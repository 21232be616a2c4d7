/// An event whose channels have been found, or created, and that has no number yet.
struct PlacedEvent: Sendable {
    let frame: Frame
    let labels: PublisherLabels?
    let topics: [TopicID]
    /// The names of the topics.
    let channels: [ChannelName]
}
