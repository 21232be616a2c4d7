import Broadcasting
import Glibc
import HTTPMessages
import Kernel
import SystemPackage

/// Bytes laid out for the kernel: prepared once, written to many streams.
///
/// A batch points to the shared frames and copies no byte, except for joined events. A write to one stream allocates
/// nothing and counts no reference, so a delivery costs little more than its system call.
@safe
struct WriteBatch: ~Copyable {
    /// The most events of one batch.
    static var capacity: Int { Descriptor.vectorLimit }

    private let pieces: UnsafeMutableBufferPointer<iovec>
    private let sequences: UnsafeMutableBufferPointer<UInt64>
    private var pieceCount = 0
    private var frames: ContiguousArray<Frame> = []
    /// The end of each event in the piece, when all events are joined in one piece.
    private var ends: ContiguousArray<Int> = []
    /// The event whose rest is laid out.
    private var partial: Frame?
    /// Bytes that the batch owns.
    private var storage: UnsafeMutableRawBufferPointer
    /// The topic that the last event ends, if any.
    private(set) var endsTopic: TopicID?

    init() {
        unsafe pieces = .allocate(capacity: Self.capacity)
        unsafe sequences = .allocate(capacity: Self.capacity)
        unsafe storage = .allocate(byteCount: 0, alignment: 1)
    }

    deinit {
        unsafe pieces.deallocate()
        unsafe sequences.deallocate()
        unsafe storage.deallocate()
    }

    /// How many events it has.
    var count: Int { frames.count }

    /// The sequence number of the last event.
    var last: UInt64 { unsafe sequences[frames.count - 1] }

    subscript(index: Int) -> Frame { frames[index] }

    // MARK: Layout

    /// Lays out up to ``capacity`` events, which must be in the order of the log, and none beyond the end of a channel.
    mutating func load(_ source: some Sequence<Frame>, _ framing: StreamFraming) {
        clear()
        for frame in source.prefix(Self.capacity) {
            unsafe pieces[pieceCount] = Self.piece(frame.bytes(framing))
            pieceCount += 1
            append(frame)
            if endsTopic != nil { return }
        }
    }

    /// Copies up to ``capacity`` events to one piece: the kernel takes one large piece far more quickly than hundreds
    /// of small ones.
    mutating func loadJoined(_ source: [Frame], _ framing: StreamFraming) {
        clear()
        let source = source.prefix(Self.capacity)
        reserve(source.reduce(0) { unsafe $0 + $1.bytes(framing).count })
        var end = 0
        for frame in source {
            let bytes = unsafe frame.bytes(framing)
            unsafe UnsafeMutableRawBufferPointer(rebasing: storage[end...]).copyMemory(from: bytes)
            end += bytes.count
            ends.append(end)
            append(frame)
        }
        unsafe pieces[0] = Self.piece(UnsafeRawBufferPointer(rebasing: storage[..<end]))
        pieceCount = 1
    }

    /// Lays out bytes that are no events of the log.
    mutating func load(_ bytes: ArraySlice<UInt8>) {
        clear()
        reserve(bytes.count)
        unsafe storage.copyBytes(from: bytes)
        unsafe pieces[0] = Self.piece(UnsafeRawBufferPointer(rebasing: storage[..<bytes.count]))
        pieceCount = 1
    }

    /// Lays out the rest of an event.
    mutating func load(_ frame: Frame, _ framing: StreamFraming, from offset: Int) {
        clear()
        unsafe pieces[0] = Self.piece(UnsafeRawBufferPointer(rebasing: frame.bytes(framing)[offset...]))
        pieceCount = 1
        partial = frame
    }

    /// Releases the events.
    mutating func clear() {
        frames.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        pieceCount = 0
        partial = nil
        endsTopic = nil
    }

    private mutating func append(_ frame: Frame) {
        unsafe sequences[frames.count] = frame.sequence
        frames.append(frame)
        endsTopic = frame.endsTopic
    }

    private mutating func reserve(_ count: Int) {
        guard unsafe count > storage.count else { return }
        unsafe storage.deallocate()
        unsafe storage = .allocate(byteCount: count, alignment: 1)
    }

    private static func piece(_ bytes: UnsafeRawBufferPointer) -> iovec {
        unsafe iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }

    // MARK: Writing

    /// The index of the first event above a position; ``count`` when there is none.
    @inline(__always)
    func start(after position: UInt64) -> Int {
        if unsafe frames.isEmpty || sequences[0] > position { return 0 }
        var low = 1
        var high = frames.count
        while low < high {
            let middle = (low + high) / 2
            if unsafe sequences[middle] <= position { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Bytes of some of the events.
    func size(of range: Range<Int>) -> Int {
        guard !range.isEmpty else { return 0 }
        if !ends.isEmpty {
            return ends[range.upperBound - 1] - (range.lowerBound == 0 ? 0 : ends[range.lowerBound - 1])
        }
        return range.reduce(0) { unsafe $0 + Int(pieces[$1].iov_len) }
    }

    /// Writes everything from the event with index `start` on; `start` is 0 for joined events and for bytes.
    ///
    /// - Parameter moreFollows: whether the kernel may keep it for the next write, for 200 ms at most.
    @inline(__always)
    func write(from start: Int, to transport: borrowing Transport, moreFollows: Bool) -> WriteResult {
        let rest = unsafe UnsafeMutableBufferPointer(rebasing: pieces[start..<pieceCount])
        switch unsafe transport.write(rest, moreFollows: moreFollows) {
        case .failed(let error): return .broken(error)
        case .wouldBlock: return .stalled(whole: 0, offset: 0)
        case .wrote(let bytes): return unsafe result(bytes, of: rest)
        }
    }

    @inline(__always)
    private func result(_ bytes: Int, of rest: UnsafeMutableBufferPointer<iovec>) -> WriteResult {
        var left = bytes
        for index in 0..<rest.count {
            if unsafe left < rest[index].iov_len {
                return ends.isEmpty ? .stalled(whole: index, offset: left) : joined(left)
            }
            left -= unsafe rest[index].iov_len
        }
        return .all
    }

    /// The result when the kernel took this many bytes of joined events.
    private func joined(_ bytes: Int) -> WriteResult {
        var low = 0
        var high = ends.count
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] > bytes { high = middle } else { low = middle + 1 }
        }
        return .stalled(whole: low, offset: bytes - (low == 0 ? 0 : ends[low - 1]))
    }
}
