/// An event on its way into the log.
struct NumberedEvent: Sendable {
    let frame: Frame
    let labels: EventLabels?
    let topics: [TopicID]
}
