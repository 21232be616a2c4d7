import EventStreams

/// An event that is encoded and has no number yet.
public struct EncodedEvent: Sendable {
    let frame: Frame
    /// The names that its publisher gave it.
    public let labels: PublisherLabels?
    /// As the publisher lists them.
    public let channels: [ChannelName]

    init(_ publication: borrowing Publication, epoch: Epoch) {
        frame = Frame(publication.event, epoch: epoch)
        labels = PublisherLabels(id: publication.event.id, key: publication.event.key)
        channels = publication.channels
    }

    /// An event that another node has encoded.
    ///
    /// - Parameter wire: see ``withWire(_:)``.
    public init(wire: ArraySlice<UInt8>, labels: PublisherLabels?, channels: [ChannelName], epoch: Epoch) {
        frame = Frame(unnumbered: wire, hasID: labels?.id != nil, epoch: epoch)
        self.labels = labels
        self.channels = channels
    }

    /// Its bytes on the wire, without the id line that the log gives it.
    public func withWire(_ body: (UnsafeRawBufferPointer) -> Void) { unsafe body(frame.bytes) }

    /// About how many bytes it takes besides what an entry has once.
    var size: Int {
        let named = channels.reduce(0) { $0 + 8 + $1.description.utf8.count }
        let labelled = (labels?.id?.description.utf8.count ?? 0) + (labels?.key?.description.utf8.count ?? 0)
        return frame.count + 24 + named + labelled
    }

    /// The event with the number that the shared log gave it. Call it once.
    public func numbered(_ number: UInt64, epoch: Epoch, time: UInt64) -> Frame {
        frame.number(number, after: epoch.prefix, time: time, channels: channels.unique(), hasID: labels?.id != nil)
        return frame
    }
}
