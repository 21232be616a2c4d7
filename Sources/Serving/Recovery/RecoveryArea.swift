import Broadcasting
import Kernel

/// The part of a ``RecoveryFile`` that belongs to one loop: a cursor for each subscriber, by its slot, and blocks for their
/// records.
@safe
struct RecoveryArea: ~Copyable {
    /// How many subscribers have cursors; 0 when nothing is recorded. Those in higher slots have none.
    private let slots: UInt32
    private let cursors: UnsafeMutablePointer<RecoveryCursor>
    private var blocks: RecoveryBlocks
    private let loop: Int
    /// Keeps the memory.
    private let file: RecoveryFile?

    /// Records nothing.
    init() {
        slots = 0
        unsafe cursors = UnsafeMutablePointer(bitPattern: 64)!
        blocks = RecoveryBlocks()
        file = nil
        loop = 0
    }

    init(_ file: RecoveryFile, loop: Int) {
        slots = UInt32(file.shape.slots)
        unsafe cursors = file.cursors(of: loop)
        blocks = RecoveryBlocks(file, loop: loop)
        self.file = file
        self.loop = loop
    }

    /// Whether it records anything.
    var isActive: Bool { slots > 0 }

    /// See ``RecoveryCursor/advance(to:writing:)``.
    func advance(_ slot: UInt32, to position: UInt64, writing count: Int) {
        if slot < slots { unsafe cursors[Int(slot)].advance(to: position, writing: count) }
    }

    /// Records that a stream has got the events of a batch up to a position, if it is not recorded yet.
    func advance(_ slot: UInt32, to position: UInt64, in batch: borrowing WriteBatch) {
        guard slot < slots else { return }
        let recorded = unsafe cursors[Int(slot)].position
        guard recorded < position else { return }
        let (start, end) = (batch.start(after: recorded), batch.start(after: position))
        unsafe cursors[Int(slot)].advance(to: position, writing: batch.size(of: start..<end))
    }

    /// See ``RecoveryCursor/suspend()``.
    func suspend(_ slot: UInt32) {
        if slot < slots { unsafe cursors[Int(slot)].suspend() }
    }

    /// See ``RecoveryCursor/expectHeartbeat()``.
    func expectHeartbeat(_ slot: UInt32) {
        if slot < slots { unsafe cursors[Int(slot)].expectHeartbeat() }
    }

    /// See ``RecoveryCursor/forgetHeartbeat()``.
    func forgetHeartbeat(_ slot: UInt32) {
        if slot < slots { unsafe cursors[Int(slot)].forgetHeartbeat() }
    }

    /// See ``RecoveryCursor/setIrregular(_:)``.
    func setIrregular(_ slot: UInt32, _ isIrregular: Bool) {
        if slot < slots { unsafe cursors[Int(slot)].setIrregular(isIrregular) }
    }

    func isRegistered(_ slot: UInt32) -> Bool {
        guard slot < slots else { return false }
        return unsafe cursors[Int(slot)].isRegistered
    }

    /// Records a subscriber, suspended until its first ``advance(_:to:writing:)``.
    ///
    /// - Parameters:
    ///   - socket: of its connection.
    ///   - written: how many bytes the kernel had taken at the position.
    /// - Returns: false when there is no room for it: its client reconnects after a crash.
    mutating func register(
        _ slot: UInt32, _ record: [UInt8], cookie: UInt64, position: UInt64, written: UInt64
    ) -> Bool {
        guard slot < slots else { return false }
        guard let block = blocks.store(record) else {
            unregister(slot)
            return false
        }
        let old = unsafe cursors[Int(slot)].recordBlock
        defer { if let old { blocks.free(old) } }
        unsafe cursors[Int(slot)].register(
            cookie, position: position, written: written, block: block, length: record.count)
        file?.use(slot, loop: loop)
        return true
    }

    /// Forgets a subscriber.
    mutating func unregister(_ slot: UInt32) {
        guard slot < slots, let block = unsafe cursors[Int(slot)].unregister() else { return }
        blocks.free(block)
    }
}

@available(*, unavailable) extension RecoveryArea: Sendable {}
