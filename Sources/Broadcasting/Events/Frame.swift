import Bytes
import EventStreams
public import HTTPMessages

/// One event as bytes on the wire: encoded once, and shared by every subscriber on every thread.
///
/// The bytes have the framing of a chunk around them, so a chunked stream and a bare one share them. A publisher's
/// thread encodes the event before it takes the hub's lock; under the lock, ``number(_:in:time:)`` writes the id in front
/// of it. Nothing writes afterwards. That is why sharing the bytes without a lock is safe, and why `@unchecked` is true.
/// The bytes never move, so that an address handed to the kernel in a vectored write stays valid for as long as the frame
/// lives.
@safe
public final class Frame: @unchecked Sendable {
    /// The number of the event in the log; 0 until it has one.
    public private(set) var sequence: UInt64
    /// When it was published, in milliseconds since 1970.
    public private(set) var time: UInt64
    /// The topic that a `crier.end` ends; nil for every other event. A loop removes a subscriber from the topic once it
    /// has sent this frame.
    public let endsTopic: TopicID?
    /// The channels of the event, each once, in the order of the publisher; none for a `crier.end`.
    public private(set) var channels: [ChannelName]

    /// Room for the longest header and id, the event, and the trailer of a chunk. An object, because the memory of a
    /// pointer comes from `posix_memalign`, which takes several times as long as `malloc`.
    private let memory: ManagedBuffer<Void, UInt8>
    /// The elements of ``memory``.
    private let storage: UnsafeMutableRawBufferPointer
    /// The place of the header of the chunk, and that of the event, in ``storage``.
    private var start: (header: Int, event: Int)
    private let envelopes = Guarded<[Envelope]>([])

    /// The event as an envelope.
    private struct Envelope {
        /// The index of the channel that it names.
        let channel: Int
        /// Nil after ``Frame/releaseEnvelopes()``.
        var kept: Frame?
        /// Stalled subscribers that hold the envelope share it: a copy for each would be memory that no limit counts.
        private(set) weak var shared: Frame?

        init(_ channel: Int, _ frame: Frame) {
            (self.channel, kept, shared) = (channel, frame, frame)
        }
    }

    /// The most bytes of the header of a chunk: the digits of a 64-bit number, and CRLF.
    private static let longestHeader = 18

    /// Copies the bytes of an event that has its number.
    public init(
        sequence: UInt64, time: UInt64, endsTopic: TopicID? = nil, channels: [ChannelName] = [], wire: [UInt8]
    ) {
        self.sequence = sequence
        self.time = time
        self.endsTopic = endsTopic
        self.channels = channels
        start = (Self.longestHeader, Self.longestHeader)
        unsafe (memory, storage) = Self.allocate(wire.count)
        unsafe UnsafeMutableRawBufferPointer(rebasing: storage[start.event...]).copyBytes(from: wire)
        writeHeader()
    }

    /// Encodes an event that has no number yet.
    ///
    /// - Parameter epoch: the one that ``number(_:in:time:)`` will be called with.
    init(_ event: borrowing Event, epoch: Epoch) {
        (sequence, time, endsTopic, channels) = (0, 0, nil, [])
        let prefix = "id: ".utf8.count
        let longestID = event.id.map { $0.description.utf8.count } ?? epoch.description.utf8.count + 1 + 20
        let rest = prefix + longestID + 1
        let size = EventEncoder.sizeAfterID(of: event)
        unsafe (memory, storage) = Self.allocate(rest + size)
        start = (Self.longestHeader, Self.longestHeader + rest)
        unsafe EventEncoder.writeAfterID(of: event, to: storage.baseAddress! + start.event)
        if let id = event.id { prepend(id: id.description) }
    }

    private static func allocate(_ count: Int) -> (ManagedBuffer<Void, UInt8>, UnsafeMutableRawBufferPointer) {
        let count = longestHeader + count + StreamFraming.chunkTrailerCount
        let memory = ManagedBuffer<Void, UInt8>.create(minimumCapacity: count) { _ in }
        // The elements have no other place than the object itself, so their address is good for as long as it lives.
        let storage = unsafe memory.withUnsafeMutablePointerToElements {
            unsafe UnsafeMutableRawBufferPointer(start: $0, count: count)
        }
        unsafe storage[count - 2] = 0x0D
        unsafe storage[count - 1] = 0x0A
        return unsafe (memory, storage)
    }

    // MARK: Numbering

    /// Gives the event its number, and its position as the id unless the publisher gave an id. Call it once, before any
    /// other thread has the frame.
    ///
    /// - Parameter channels: each once.
    func number(_ sequence: UInt64, in epoch: Epoch, time: UInt64, channels: [ChannelName], hasID: Bool) {
        self.sequence = sequence
        self.time = time
        self.channels = channels
        if !hasID {
            prepend(0x0A)
            var rest = sequence
            repeat {
                prepend(0x30 + UInt8(rest % 10))
                rest /= 10
            } while rest > 0
            prepend(0x2D)
            prepend(epoch.description)
            prepend("id: ")
        }
        writeHeader()
    }

    private func prepend(id: String) {
        prepend(0x0A)
        prepend(id)
        prepend("id: ")
    }

    private func prepend(_ byte: UInt8) {
        start.event -= 1
        unsafe storage[start.event] = byte
    }

    private func prepend(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            start.event -= bytes.count
            unsafe UnsafeMutableRawBufferPointer(rebasing: storage[start.event...]).copyBytes(from: bytes)
        }
    }

    /// Writes the header of the chunk in front of the event.
    private func writeHeader() {
        let size = count
        start.header = start.event - 2
        unsafe storage[start.header] = 0x0D
        unsafe storage[start.header + 1] = 0x0A
        var rest = size
        repeat {
            start.header -= 1
            let digit = UInt8(rest & 15)
            unsafe storage[start.header] = digit < 10 ? 0x30 + digit : 0x57 + digit
            rest >>= 4
        } while rest > 0
    }

    // MARK: Bytes

    /// How many bytes the event has, without the framing of a chunk.
    public var count: Int { unsafe storage.count - StreamFraming.chunkTrailerCount - start.event }

    /// The event, valid for as long as the frame lives.
    public var bytes: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: storage[start.event..<(start.event + count)])
    }

    /// The event as a stream carries it, valid for as long as the frame lives.
    public func bytes(_ framing: StreamFraming) -> UnsafeRawBufferPointer {
        switch framing {
        case .chunked: unsafe UnsafeRawBufferPointer(rebasing: storage[start.header...])
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
            if let place = envelopes.firstIndex(where: { $0.channel == index }), let known = envelopes[place].shared {
                envelopes[place].kept = known
                return known
            }
            let frame = makeEnvelope(channels[index])
            envelopes.removeAll { $0.channel == index }
            envelopes.append(Envelope(index, frame))
            return frame
        }
    }

    private func makeEnvelope(_ channel: ChannelName) -> Frame {
        let wire = unsafe bytes.withMemoryRebound(to: UInt8.self) { bytes in
            unsafe EventEnvelope.encode(bytes.span, channel: channel.description)
        }
        return Frame(sequence: sequence, time: time, wire: wire)
    }

    /// Frees the envelopes, except those that a subscriber still holds. A loop calls this when it has written the event
    /// to its subscribers: an event that the log retains must not keep memory that no limit counts.
    public func releaseEnvelopes() {
        envelopes.withLock { envelopes in
            for index in envelopes.indices { envelopes[index].kept = nil }
            envelopes.removeAll { $0.shared == nil }
        }
    }
}
