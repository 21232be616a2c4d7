import Bytes
import EventStreams
public import HTTPMessages

/// One event as bytes on the wire: encoded once, and shared by every subscriber on every thread.
///
/// The bytes have the framing of a chunk around them, so a chunked stream and a bare one share them. A publisher's
/// thread encodes the event before it takes the hub's lock; under the lock, ``number(_:after:time:channels:hasID:)`` writes
/// the id in front of it. Nothing writes afterwards. That is why sharing the bytes without a lock is safe, and why `@unchecked` is true.
/// The bytes never move, so that an address handed to the kernel in a vectored write stays valid for as long as the frame
/// lives.
@safe
public struct Frame: @unchecked Sendable {
    let storage: FrameStorage

    /// The most bytes of the header of a chunk: the digits of a 64-bit number, and CRLF.
    private static let longestHeader = 18

    /// Copies the bytes of an event that has its number.
    public init(
        sequence: UInt64, time: UInt64, endsTopic: TopicID? = nil, channels: [ChannelName] = [], wire: [UInt8]
    ) {
        storage = .make(room: Self.longestHeader, size: wire.count + Self.trailer, endsTopic: endsTopic)
        storage.head.sequence = sequence
        storage.head.time = time
        storage.head.channels = channels
        writeTrailer()
        prepend(wire, from: storage.head.eventStart + UInt32(wire.count))
        writeHeader()
    }

    /// Encodes an event that has no number yet.
    ///
    /// - Parameter epoch: the one whose prefix ``number(_:after:time:channels:hasID:)`` will be called with.
    init(_ event: borrowing Event, epoch: Epoch) {
        let longestID = event.id.map { $0.description.utf8.count } ?? epoch.description.utf8.count + 1 + 20
        let layout = EventLayout(event)
        storage = .make(
            room: Self.longestHeader + "id: ".utf8.count + longestID + 1, size: layout.size + Self.trailer,
            endsTopic: nil)
        writeTrailer()
        let start = storage.head.eventStart
        unsafe EventEncoder.writeAfterID(of: event, layout, to: UnsafeMutableRawPointer(storage.bytes + Int(start)))
        if let id = event.id { prepend(Array("id: \(id)\n".utf8), from: start) }
    }

    /// Copies the bytes of an event that has no number yet.
    ///
    /// - Parameters:
    ///   - wire: with the id line if the publisher gave an id.
    ///   - epoch: see ``init(_:epoch:)``.
    init(unnumbered wire: ArraySlice<UInt8>, hasID: Bool, epoch: Epoch) {
        let room = hasID ? 0 : epoch.prefix.count + 20 + 1
        storage = .make(room: Self.longestHeader + room, size: wire.count + Self.trailer, endsTopic: nil)
        writeTrailer()
        let start = storage.head.eventStart
        unsafe wire.withUnsafeBytes { bytes in
            guard let first = bytes.baseAddress else { return }
            unsafe UnsafeMutableRawPointer(storage.bytes + Int(start)).copyMemory(from: first, byteCount: bytes.count)
        }
    }

    init(_ storage: FrameStorage) { self.storage = storage }

    private static var trailer: Int { StreamFraming.chunkTrailerCount }

    private func writeTrailer() {
        let end = Int(storage.head.size)
        unsafe storage.bytes[end - 2] = 0x0D
        unsafe storage.bytes[end - 1] = 0x0A
    }

    /// Tells a frame from every other one, for as long as it lives.
    public struct Identity: Hashable, Sendable {
        private let object: ObjectIdentifier

        fileprivate init(_ storage: FrameStorage) { object = ObjectIdentifier(storage) }
    }

    /// The identity of the frame.
    public var identity: Identity { Identity(storage) }

    // MARK: The head

    /// The number of the event in the log; 0 until it has one.
    public var sequence: UInt64 { storage.head.sequence }

    /// When it was published, in milliseconds since 1970.
    public var time: UInt64 { storage.head.time }

    /// The topic that a `crier.end` ends; nil for every other event. A loop removes a subscriber from the topic once it
    /// has sent this frame.
    public var endsTopic: TopicID? { storage.head.endsTopic }

    /// The channels of the event, each once, in the order of the publisher; none for a `crier.end`.
    public var channels: [ChannelName] { storage.head.channels }

    /// Whether the event is of a channel of the daemon's own.
    public var isOwn: Bool { channels.first?.isReserved ?? false }

    // MARK: Numbering

    /// Gives the event its number, and its position as the id unless the publisher gave an id. Call it once, before any
    /// other thread has the frame.
    ///
    /// - Parameters:
    ///   - prefix: see ``Epoch/prefix``.
    ///   - channels: each once.
    func number(_ sequence: UInt64, after prefix: [UInt8], time: UInt64, channels: [ChannelName], hasID: Bool) {
        storage.head.sequence = sequence
        storage.head.time = time
        storage.head.channels = channels
        if !hasID {
            let base = unsafe storage.bytes
            var place = Int(storage.head.eventStart) - 1
            unsafe base[place] = 0x0A
            var rest = sequence
            repeat {
                place -= 1
                unsafe base[place] = 0x30 + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            prepend(prefix, from: UInt32(place))
        }
        writeHeader()
    }

    /// Puts bytes in front of a place, and the start of the event in front of them.
    private func prepend(_ bytes: [UInt8], from place: UInt32) {
        let start = place - UInt32(bytes.count)
        storage.head.eventStart = start
        unsafe UnsafeMutableRawPointer(storage.bytes + Int(start)).copyMemory(from: bytes, byteCount: bytes.count)
    }

    /// Writes the header of the chunk in front of the event.
    private func writeHeader() {
        let base = unsafe storage.bytes
        var place = Int(storage.head.eventStart) - 2
        unsafe base[place] = 0x0D
        unsafe base[place + 1] = 0x0A
        var rest = count
        repeat {
            place -= 1
            let digit = UInt8(rest & 15)
            unsafe base[place] = digit < 10 ? 0x30 + digit : 0x57 + digit
            rest >>= 4
        } while rest > 0
        storage.head.chunkStart = UInt32(place)
    }

    // MARK: Bytes

    /// How many bytes the event has, without the framing of a chunk.
    public var count: Int { Int(storage.head.size - storage.head.eventStart) - Self.trailer }

    /// The event, valid for as long as the frame lives.
    public var bytes: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: storage.bytes + Int(storage.head.eventStart), count: count)
    }

    /// The event as a stream carries it, valid for as long as the frame lives.
    public func bytes(_ framing: StreamFraming) -> UnsafeRawBufferPointer {
        switch framing {
        case .chunked:
            let start = storage.head.chunkStart
            return unsafe UnsafeRawBufferPointer(
                start: storage.bytes + Int(start), count: Int(storage.head.size - start))
        case .untilClose: return unsafe bytes
        }
    }

    // MARK: Envelopes

    /// The same event as an envelope, which names the first of its channels that `covers` accepts. All who ask for it
    /// share it until ``releaseEnvelopes()``. A `crier.end` names its channel already.
    public func envelope(covers: (ChannelName) -> Bool) -> Frame {
        guard endsTopic == nil, !channels.isEmpty else { return self }
        let index = channels.count == 1 ? 0 : channels.firstIndex(where: covers) ?? 0
        return storage.makeEnvelopes().envelope(index) {
            let wire = unsafe bytes.withMemoryRebound(to: UInt8.self) { bytes in
                unsafe EventEnvelope.encode(bytes.span, channel: channels[index].description)
            }
            // The counters must tell an event of the daemon's own from others; an envelope needs no other channel.
            return Frame(sequence: sequence, time: time, channels: isOwn ? channels : [], wire: wire)
        }
    }

    /// Frees the envelopes, except those that a subscriber still holds. A loop calls this when it has written the event
    /// to its subscribers: an event that the log retains must not keep memory that no limit counts.
    public func releaseEnvelopes() { storage.envelopes?.release() }

    /// How many envelopes there are.
    var envelopeCount: Int { storage.envelopes?.count ?? 0 }
}
