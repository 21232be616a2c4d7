/// Blocks of shared memory that hold records, each in a chain of blocks of one loop.
@safe
struct RecoveryBlocks: ~Copyable {
    /// Bytes of a block: the number of the next one, and a part of a record.
    static let size = 128
    /// Bytes of a record that one block holds.
    static let payload = size - MemoryLayout<UInt32>.size

    private let memory: UnsafeMutableRawBufferPointer
    private let count: UInt32
    /// Blocks behind it have never been used.
    private var used: UInt32 = 0
    private var free: [UInt32] = []

    /// No blocks.
    init() {
        unsafe memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        count = 0
    }

    init(_ file: RecoveryFile, loop: Int) {
        unsafe memory = file.blocks(of: loop)
        count = UInt32(file.shape.blocks)
    }

    /// Stores a record, which must not be empty.
    ///
    /// - Returns: its first block; nil when it does not fit.
    mutating func store(_ record: [UInt8]) -> UInt32? {
        let needed = (record.count + Self.payload - 1) / Self.payload
        guard needed <= free.count + Int(count - used) else { return nil }
        var next = UInt32.max
        // The last part first, so that each block knows the next one.
        for part in (0..<needed).reversed() {
            let bytes = record[part * Self.payload..<min(record.count, (part + 1) * Self.payload)]
            let block = free.popLast() ?? used
            if block == used { used += 1 }
            let place = Int(block) * Self.size
            unsafe memory.storeBytes(of: next, toByteOffset: place, as: UInt32.self)
            unsafe UnsafeMutableRawBufferPointer(rebasing: memory[(place + 4)...]).copyBytes(from: bytes)
            next = block
        }
        return next
    }

    /// Frees the chain that begins with a block.
    mutating func free(_ first: UInt32) {
        var block = first
        while block < count {
            free.append(block)
            block = unsafe memory.load(fromByteOffset: Int(block) * Self.size, as: UInt32.self)
        }
    }

    /// Reads a record from memory that another process has written; nil when its chain is broken.
    static func record(in memory: UnsafeMutableRawBufferPointer, first: UInt32, length: UInt32) -> [UInt8]? {
        var record: [UInt8] = []
        var block = Int(first)
        guard length <= memory.count else { return nil }
        while record.count < length {
            let place = block * size
            guard block < memory.count / size else { return nil }
            let count = min(payload, Int(length) - record.count)
            unsafe record.append(contentsOf: memory[place + 4..<place + 4 + count])
            block = unsafe Int(memory.load(fromByteOffset: place, as: UInt32.self))
        }
        return record
    }
}
