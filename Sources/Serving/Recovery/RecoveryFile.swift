import Broadcasting
import Bytes
public import Kernel
import Synchronization
import SystemPackage

/// Memory that the next process reads if this one is killed: how far crier has written each stream, and whose it is.
///
/// A header, then the cursors of every loop, then the blocks of every loop. Only what is used takes room.
public final class RecoveryFile: Sendable {
    /// How large the parts are.
    struct Shape: Equatable {
        let loops: Int
        /// Cursors of a loop.
        let slots: Int
        /// Blocks of a loop.
        var blocks: Int { slots * 2 }

        var size: Int {
            RecoveryFile.headerSize + loops * (slots * RecoveryFile.cursorSize + blocks * RecoveryBlocks.size)
        }
    }

    /// Where the words of the header are.
    private enum Place {
        static let mark = 0
        static let version = 8
        static let loops = 16
        static let slots = 24
        static let isTaken = 32
        static let textLength = 40
        static let restarts = 48
        /// How many cursors of each loop have been in use.
        static let used = 512
        static let text = 1024
    }

    fileprivate static let headerSize = 64 * 1024
    fileprivate static let cursorSize = 64
    /// "crier-re", as a number.
    private static let mark: UInt64 = 0x6572_2d72_6569_7263
    /// Changes with every change of the format.
    private static let version: UInt64 = 1

    /// The memory.
    public let memory: SharedMemory
    let shape: Shape

    /// Creates one in which nothing is recorded.
    ///
    /// - Parameters:
    ///   - loops: 1 to 64.
    ///   - slots: how many subscribers each loop records at most.
    ///   - epochs: of the log.
    init(loops: Int, slots: Int, epochs: Epochs) throws(Errno) {
        let shape = Shape(loops: loops, slots: slots)
        let memory = try SharedMemory(named: "crier-recovery", size: shape.size)
        (self.memory, self.shape) = (memory, shape)
        let text = Guarded<[UInt8]>([])
        var writer = ByteWriter { piece in text.withLock { $0 += piece } }
        writer.write(count: epochs.all.count)
        for beginning in epochs.all {
            writer.write(beginning.epoch.description)
            writer.write(beginning.first)
        }
        writer.finish()
        let bytes = text.withLock { $0 }
        unsafe UnsafeMutableRawBufferPointer(rebasing: memory.bytes[Place.text..<Self.headerSize]).copyBytes(
            from: bytes)
        set(Place.textLength, UInt64(bytes.count))
        set(Place.loops, UInt64(loops))
        set(Place.slots, UInt64(slots))
        set(Place.version, Self.version)
        set(Place.mark, Self.mark)
    }

    /// Reads that of another process.
    init(reading memory: SharedMemory) throws(ByteReader.Damage) {
        func word(_ place: Int) -> UInt64 { unsafe memory.bytes.load(fromByteOffset: place, as: UInt64.self) }
        guard unsafe memory.bytes.count >= Self.headerSize, word(Place.mark) == Self.mark else {
            throw ByteReader.Damage("it is no recovery file of crier")
        }
        guard word(Place.version) == Self.version else {
            throw ByteReader.Damage(
                "it has version \(word(Place.version)), and this crier reads version \(Self.version)")
        }
        let (loops, slots) = (word(Place.loops), word(Place.slots))
        guard (1...64).contains(loops), slots < 1 << 32 else { throw ByteReader.Damage("its size cannot be valid") }
        shape = Shape(loops: Int(loops), slots: Int(slots))
        guard unsafe memory.bytes.count == shape.size else { throw ByteReader.Damage("its size is wrong") }
        self.memory = memory
    }

    /// The epochs of the log that the positions belong to.
    func epochs() throws(ByteReader.Damage) -> Epochs {
        let length = Int(clamping: word(Place.textLength))
        guard length <= Self.headerSize - Place.text else { throw ByteReader.Damage("its header is damaged") }
        let text = unsafe UnsafeRawBufferPointer(rebasing: memory.bytes[Place.text..<Place.text + length])
        var reader = unsafe try ByteReader(checking: text)
        let beginnings = try reader.list { reader throws(ByteReader.Damage) in
            Epochs.Beginning(Epoch(description: try reader.text()), first: try reader.tally())
        }
        guard let current = beginnings.last else { throw ByteReader.Damage("it has no epoch") }
        return Epochs(current, past: beginnings.dropLast())
    }

    /// Whether another process has taken the streams over. What it has written since is not recorded here.
    var isTaken: Bool { word(Place.isTaken) != 0 }

    /// How many restarts and crashes the streams had survived.
    var restarts: Int {
        get { Int(clamping: word(Place.restarts)) }
        set { self.set(Place.restarts, UInt64(newValue)) }
    }

    func markTaken() { set(Place.isTaken, 1) }

    /// Records that a loop uses the cursor of a slot. Only that loop calls it.
    func use(_ slot: UInt32, loop: Int) {
        let used = unsafe used(by: loop)
        if unsafe used.pointee.load(ordering: .relaxed) <= UInt64(slot) {
            unsafe used.pointee.store(UInt64(slot) + 1, ordering: .releasing)
        }
    }

    /// What the cursors of a loop say.
    func readings(of loop: Int) -> [RecoveryCursor.Reading] {
        let cursors = unsafe cursors(of: loop)
        return (0..<usedSlots(of: loop)).compactMap { unsafe cursors[$0].reading }
    }

    /// The cookies of the sockets that are in use.
    var cookies: Set<UInt64> {
        var cookies: Set<UInt64> = []
        for loop in 0..<shape.loops {
            let cursors = unsafe cursors(of: loop)
            for slot in 0..<usedSlots(of: loop) where unsafe cursors[slot].isRegistered {
                cookies.insert(unsafe cursors[slot].socket)
            }
        }
        return cookies
    }

    @unsafe
    func cursors(of loop: Int) -> UnsafeMutablePointer<RecoveryCursor> {
        assert(MemoryLayout<RecoveryCursor>.stride == Self.cursorSize)
        let start = Self.headerSize + loop * shape.slots * Self.cursorSize
        return unsafe UnsafeMutableRawBufferPointer(rebasing: memory.bytes[start...])
            .bindMemory(to: RecoveryCursor.self).baseAddress!
    }

    @unsafe
    func blocks(of loop: Int) -> UnsafeMutableRawBufferPointer {
        let size = shape.blocks * RecoveryBlocks.size
        let start = Self.headerSize + shape.loops * shape.slots * Self.cursorSize + loop * size
        return unsafe UnsafeMutableRawBufferPointer(rebasing: memory.bytes[start..<start + size])
    }

    private func used(by loop: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        unsafe UnsafeMutableRawBufferPointer(rebasing: memory.bytes[(Place.used + 8 * loop)...])
            .bindMemory(to: Atomic<UInt64>.self).baseAddress!
    }

    private func usedSlots(of loop: Int) -> Int {
        min(shape.slots, Int(clamping: unsafe used(by: loop).pointee.load(ordering: .acquiring)))
    }

    private func word(_ place: Int) -> UInt64 { unsafe memory.bytes.load(fromByteOffset: place, as: UInt64.self) }

    private func set(_ place: Int, _ value: UInt64) {
        unsafe memory.bytes.storeBytes(of: value, toByteOffset: place, as: UInt64.self)
    }
}
