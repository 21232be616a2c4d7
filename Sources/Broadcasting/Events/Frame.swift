import EventStreams
public import HTTPMessages

/// One event as bytes on the wire: encoded once, and shared by every subscriber on every thread.
///
/// The bytes have the framing of a chunk around them, so a chunked stream and a bare one share them. The initialiser
/// allocates and writes the bytes, and nothing writes them again. That is why sharing them without a lock is safe, and
/// why `@unchecked` is true. The bytes have memory of their own and are not in an array, so that an address handed to
/// the kernel in a vectored write stays valid for as long as the frame lives.
@safe
public final class Frame: @unchecked Sendable {
    /// The number of the event in the log.
    public let sequence: UInt64
    /// When it was published, in milliseconds since 1970.
    public let time: UInt64
    /// The topic that a `crier.end` ends; nil for every other event. A loop removes a subscriber from the topic once it
    /// has sent this frame.
    public let endsTopic: TopicID?
    /// The channels of the event, in the order of the publisher; none for a `crier.end`.
    public let channels: [ChannelName]
    /// How many bytes the event has, without the framing of a chunk.
    public let count: Int

    /// A chunk: its header, the event, and its trailer.
    private let storage: UnsafeMutableRawBufferPointer
    private let headerCount: Int
    /// The event as an envelope, by the index of the channel that it names.
    private let envelopes = Guarded<[(channel: Int, frame: Frame)]>([])

    /// Copies the bytes.
    public init(
        sequence: UInt64, time: UInt64, endsTopic: TopicID? = nil, channels: [ChannelName] = [], wire: [UInt8]
    ) {
        self.sequence = sequence
        self.time = time
        self.endsTopic = endsTopic
        self.channels = channels
        let header = StreamFraming.chunkHeader(wire.count)
        let trailer = StreamFraming.chunkTrailer
        headerCount = header.count
        count = wire.count
        unsafe storage = .allocate(byteCount: header.count + wire.count + trailer.count, alignment: 1)
        unsafe storage.copyBytes(from: header)
        unsafe UnsafeMutableRawBufferPointer(rebasing: storage[header.count...]).copyBytes(from: wire)
        unsafe UnsafeMutableRawBufferPointer(rebasing: storage[(header.count + wire.count)...]).copyBytes(from: trailer)
    }

    deinit {
        unsafe storage.deallocate()
    }

    /// The event, valid for as long as the frame lives.
    public var bytes: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: storage[headerCount..<(headerCount + count)])
    }

    /// The event as a stream carries it, valid for as long as the frame lives.
    public func bytes(_ framing: StreamFraming) -> UnsafeRawBufferPointer {
        switch framing {
        case .chunked: unsafe UnsafeRawBufferPointer(storage)
        case .untilClose: unsafe bytes
        }
    }

    // MARK: Envelopes

    /// The same event as an envelope, which names the first of its channels that `covers` accepts. All who ask for it
    /// share it until ``releaseEnvelopes()``. A `crier.end` names its channel already.
    public func envelope(covers: (ChannelName) -> Bool) -> Frame {
        guard endsTopic == nil, !channels.isEmpty else { return self }
        let index = channels.count == 1 ? 0 : channels.firstIndex(where: covers) ?? 0
        return envelopes.withLock { envelopes in
            if let known = envelopes.first(where: { $0.channel == index }) { return known.frame }
            let frame = makeEnvelope(channels[index])
            envelopes.append((index, frame))
            return frame
        }
    }

    private func makeEnvelope(_ channel: ChannelName) -> Frame {
        let wire = unsafe bytes.withMemoryRebound(to: UInt8.self) { bytes in
            unsafe EventEnvelope.encode(bytes.span, channel: channel.description)
        }
        return Frame(sequence: sequence, time: time, wire: wire)
    }

    /// Frees the envelopes. A loop calls this when it has written the event to its subscribers: an event that the log
    /// retains must not keep memory that no limit counts.
    public func releaseEnvelopes() { envelopes.withLock { $0 = [] } }
}
