/// One event as bytes on the wire, encoded once and shared by every subscriber on every thread.
///
/// The bytes are allocated here, written in the initialiser and never again; that is why sharing them without a lock
/// is safe, and why `@unchecked` is true. They live in memory of their own, not in an array, so that an address
/// handed to the kernel in a gather write stays good for as long as the frame is held.
@safe
public final class Frame: @unchecked Sendable {
    /// The place in the log.
    public let sequence: UInt64
    /// When it was published, in milliseconds since 1970.
    public let time: UInt64
    /// The topic of which it says that it has ended; nil for every event but `crier.end`. Who has been sent it has
    /// that topic no more.
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

    /// The bytes, good for as long as the frame is held.
    public var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(storage) }

    /// How many bytes there are.
    public var count: Int { unsafe storage.count }
}
