import Broadcasting
import Glibc
import Kernel
import SystemPackage

/// Frames laid out for gather writes: prepared once, sent to many.
///
/// The addresses are those of the shared frames; no byte is copied. Sending to one subscriber allocates nothing and
/// counts no reference, which is what keeps a delivery at the price of its system call.
@safe
struct Gather: ~Copyable {
    /// What came of sending to one subscriber.
    enum Sent {
        /// All of it, so many bytes.
        case all(bytes: Int)
        /// The kernel is full. So many frames from the first one on went out whole; `offset` bytes of the next went
        /// out too.
        case stalled(frames: Int, offset: Int, bytes: Int)
        /// The connection is broken.
        case broken(Errno)
    }

    /// The most frames one layout may have.
    static var capacity: Int { Descriptor.gatherLimit }

    private let pieces: UnsafeMutableBufferPointer<iovec>
    private let sequences: UnsafeMutableBufferPointer<UInt64>
    private var frames: ContiguousArray<Frame> = []

    init() {
        unsafe pieces = .allocate(capacity: Self.capacity)
        unsafe sequences = .allocate(capacity: Self.capacity)
    }

    deinit {
        unsafe pieces.deallocate()
        unsafe sequences.deallocate()
    }

    /// How many frames are laid out.
    var count: Int { frames.count }

    /// The sequence number of the last one.
    var last: UInt64 { unsafe sequences[frames.count - 1] }

    /// The topic that the last one ends, if any.
    var endsTopic: TopicID? { frames.last?.endsTopic }

    subscript(index: Int) -> Frame { frames[index] }

    /// Lays out up to ``capacity`` frames, which must be in the order of the log, and none beyond the end of a channel.
    mutating func load(_ source: some Sequence<Frame>) {
        frames.removeAll(keepingCapacity: true)
        for frame in source.prefix(Self.capacity) {
            unsafe sequences[frames.count] = frame.sequence
            unsafe pieces[frames.count] = iovec(
                iov_base: UnsafeMutableRawPointer(mutating: frame.bytes.baseAddress), iov_len: frame.count)
            frames.append(frame)
            if frame.endsTopic != nil { return }
        }
    }

    /// Lets the frames go.
    mutating func clear() {
        frames.removeAll(keepingCapacity: true)
    }

    /// The index of the first frame above a cursor; ``count`` when there is none.
    @inline(__always)
    func start(after cursor: UInt64) -> Int {
        if unsafe frames.isEmpty || sequences[0] > cursor { return 0 }
        var low = 1
        var high = frames.count
        while low < high {
            let middle = (low + high) / 2
            if unsafe sequences[middle] <= cursor { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Sends the frames from `start` on, which must be below ``count``.
    @inline(__always)
    func send(from start: Int, to descriptor: borrowing Descriptor) -> Sent {
        let rest = unsafe UnsafeMutableBufferPointer(rebasing: pieces[start..<frames.count])
        let outcome =
            unsafe rest.count == 1
            ? descriptor.send(UnsafeRawBufferPointer(start: rest[0].iov_base, count: rest[0].iov_len))
            : descriptor.send(gathering: rest)
        switch outcome {
        case .failed(let error): return .broken(error)
        case .wouldBlock: return .stalled(frames: 0, offset: 0, bytes: 0)
        case .wrote(let bytes):
            var left = bytes
            for index in 0..<rest.count {
                if unsafe left < rest[index].iov_len {
                    return .stalled(frames: index, offset: left, bytes: bytes)
                }
                left -= unsafe rest[index].iov_len
            }
            return .all(bytes: bytes)
        }
    }
}
