/// An event that has its number and is not in the log yet.
struct NumberedEvent: Sendable {
    let frame: Frame
    let labels: PublisherLabels?
    let topics: [TopicID]
}
