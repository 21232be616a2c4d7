/// One event as bytes on the wire: encoded once, and shared by every subscriber on every thread.
///
/// The initialiser allocates and writes the bytes, and nothing writes them again. That is why sharing them without a
/// lock is safe, and why `@unchecked` is true. The bytes have memory of their own and are not in an array, so that an
/// address handed to the kernel in a vectored write stays valid for as long as the frame lives.
@safe
public final class Frame: @unchecked Sendable {
    /// The number of the event in the log.
    public let sequence: UInt64
    /// When it was published, in milliseconds since 1970.
    public let time: UInt64
    /// The topic that a `crier.end` ends; nil for every other event. A loop removes a subscriber from the topic once it
    /// has sent this frame.
    public let endsTopic: TopicID?

    private let storage: UnsafeMutableRawBufferPointer

    /// Copies the bytes.
    public init(sequence: UInt64, time: UInt64, endsTopic: TopicID? = nil, wire: [UInt8]) {
        self.sequence = sequence
        self.time = time
        self.endsTopic = endsTopic
        unsafe storage = .allocate(byteCount: wire.count, alignment: 1)
        unsafe storage.copyBytes(from: wire)
    }

    deinit {
        unsafe storage.deallocate()
    }

    /// The bytes, valid for as long as the frame lives.
    public var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(storage) }

    /// How many bytes there are.
    public var count: Int { unsafe storage.count }
}
