import Synchronization

/// The memory of a frame: its head, its envelopes, and its bytes, in one piece. The log evicts an event long after it was
/// published, and every piece of it must then come back into the caches of the processor to be freed.
@safe
final class FrameStorage: ManagedBuffer<FrameStorage.Head, UInt64> {
    /// What is known of a frame besides its bytes.
    struct Head {
        var sequence: UInt64
        var time: UInt64
        var channels: [ChannelName]
        let endsTopic: TopicID?
        /// How many bytes there are. No event has 4 GiB.
        let size: UInt32
        /// Where the header of the chunk begins, and where the event does.
        var chunkStart: UInt32
        var eventStart: UInt32
    }

    private typealias Envelopes = AtomicLazyReference<FrameEnvelopes>

    /// The words in front of the bytes.
    private static var envelopeWords: Int { MemoryLayout<Envelopes>.size / MemoryLayout<UInt64>.size }

    /// Allocates the memory.
    ///
    /// - Parameters:
    ///   - room: bytes that may still come in front of the event.
    ///   - size: bytes of the event and of what follows it.
    static func make(room: Int, size: Int, endsTopic: TopicID?) -> FrameStorage {
        let buffer = create(minimumCapacity: envelopeWords + (room + size + 7) / 8) { _ in
            Head(
                sequence: 0, time: 0, channels: [], endsTopic: endsTopic, size: UInt32(room + size), chunkStart: 0,
                eventStart: UInt32(room))
        }
        let storage = unsafe unsafeDowncast(buffer, to: FrameStorage.self)
        unsafe storage.envelopesAddress.initialize(to: Envelopes())
        return storage
    }

    deinit {
        unsafe envelopesAddress.deinitialize(count: 1)
    }

    /// The head. The property of the superclass would be checked for overlapping accesses each time.
    var head: Head {
        _read { yield unsafe headAddress.pointee }
        _modify { yield unsafe &headAddress.pointee }
    }

    private var headAddress: UnsafeMutablePointer<Head> { unsafe withUnsafeMutablePointerToHeader { unsafe $0 } }

    // The elements have no other place than the object itself, so their address is good for as long as it lives.
    private var envelopesAddress: UnsafeMutablePointer<Envelopes> {
        unsafe withUnsafeMutablePointerToElements {
            unsafe UnsafeMutableRawPointer($0).assumingMemoryBound(to: Envelopes.self)
        }
    }

    /// The bytes.
    var bytes: UnsafeMutablePointer<UInt8> {
        unsafe withUnsafeMutablePointerToElements {
            unsafe UnsafeMutableRawPointer($0 + Self.envelopeWords).assumingMemoryBound(to: UInt8.self)
        }
    }

    /// The envelopes of the event; nil when nobody has asked for one.
    var envelopes: FrameEnvelopes? { unsafe envelopesAddress.pointee.load() }

    /// The envelopes of the event. Makes them if nobody has asked for one.
    func makeEnvelopes() -> FrameEnvelopes {
        unsafe envelopesAddress.pointee.load() ?? envelopesAddress.pointee.storeIfNil(FrameEnvelopes())
    }
}
