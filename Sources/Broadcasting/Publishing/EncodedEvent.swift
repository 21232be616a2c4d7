import EventStreams

/// An event that is encoded and has no number yet.
struct EncodedEvent: Sendable {
    let frame: Frame
    let labels: PublisherLabels?
    /// As the publisher lists them.
    let channels: [ChannelName]

    init(_ publication: borrowing Publication, epoch: Epoch) {
        frame = Frame(publication.event, epoch: epoch)
        labels = PublisherLabels(id: publication.event.id, key: publication.event.key)
        channels = publication.channels
    }
}
