import Synchronization

/// How far crier has written one stream, in memory that the next process reads if this one is killed. It lies in a cache line
/// of its own.
///
/// Two marks take turns: crier writes the one that is not in force, and then one word puts it in force. So the next process
/// finds a whole mark, whenever this one ends. Zeros are a cursor of nothing.
@safe
struct RecoveryCursor: ~Copyable {
    /// The mark in force says that crier has sent all events up to `position`, and that the kernel had taken `written` bytes
    /// of the connection then; see ``Kernel/Descriptor/bytesTaken``.
    private let firstPosition = Atomic<UInt64>(0)
    private let firstWritten = Atomic<UInt64>(0)
    private let secondPosition = Atomic<UInt64>(0)
    private let secondWritten = Atomic<UInt64>(0)
    /// Which mark is in force, and the flags of ``Flag``.
    private let state = Atomic<UInt64>(0)
    /// The socket; see ``Kernel/Descriptor/socketCookie``.
    private let cookie = Atomic<UInt64>(0)
    /// Where the record of the subscriber is, and how long.
    private let block = Atomic<UInt32>(0)
    private let length = Atomic<UInt32>(0)
    private let padding = Atomic<UInt64>(0)

    private enum Flag {
        static let second: UInt64 = 1
        /// Somebody has this cursor.
        static let registered: UInt64 = 2
        /// Bytes for this stream alone are on their way, which the next process does not know.
        static let suspended: UInt64 = 4
        /// A heartbeat is on its way.
        static let heartbeat: UInt64 = 8
        /// What the stream gets next is not what a client would get that resumed at the position.
        static let irregular: UInt64 = 16
        /// Those that outlast bytes of the stream.
        static let lasting = registered | irregular
    }

    /// What the next process finds.
    struct Reading {
        let position: UInt64
        let written: UInt64
        let isHeartbeat: Bool
        let cookie: UInt64
        let block: UInt32
        let length: UInt32
    }

    // MARK: Writing

    /// The stream has got some bytes more, the last of which complete the event with a position.
    @inline(__always)
    func advance(to position: UInt64, writing count: Int) {
        let old = state.load(ordering: .relaxed)
        if old & Flag.second == 0 {
            secondPosition.store(position, ordering: .relaxed)
            secondWritten.store(firstWritten.load(ordering: .relaxed) &+ UInt64(count), ordering: .relaxed)
            state.store(old & Flag.lasting | Flag.second, ordering: .releasing)
        } else {
            firstPosition.store(position, ordering: .relaxed)
            firstWritten.store(secondWritten.load(ordering: .relaxed) &+ UInt64(count), ordering: .relaxed)
            state.store(old & Flag.lasting, ordering: .releasing)
        }
    }

    /// Bytes for this stream alone follow, until ``advance(to:writing:)``.
    func suspend() { set(Flag.suspended) }

    /// A heartbeat follows, until ``advance(to:writing:)``.
    func expectHeartbeat() { set(Flag.heartbeat) }

    /// The kernel took nothing of the heartbeat.
    func forgetHeartbeat() { state.store(state.load(ordering: .relaxed) & ~Flag.heartbeat, ordering: .releasing) }

    /// Whether a client that resumed at the position would get other events than the stream does.
    func setIrregular(_ isIrregular: Bool) {
        let old = state.load(ordering: .relaxed)
        state.store(isIrregular ? old | Flag.irregular : old & ~Flag.irregular, ordering: .releasing)
    }

    private func set(_ flag: UInt64) {
        state.store(state.load(ordering: .relaxed) | flag, ordering: .releasing)
    }

    /// A subscriber takes the cursor, or has it anew. It is suspended.
    func register(_ cookie: UInt64, position: UInt64, written count: UInt64, block: UInt32, length: Int) {
        // Not free in between, or somebody could take the socket for that of a closed connection.
        state.store(isRegistered ? Flag.registered | Flag.suspended : 0, ordering: .releasing)
        firstPosition.store(position, ordering: .relaxed)
        firstWritten.store(count, ordering: .relaxed)
        self.cookie.store(cookie, ordering: .relaxed)
        self.block.store(block, ordering: .relaxed)
        self.length.store(UInt32(length), ordering: .relaxed)
        state.store(Flag.registered | Flag.suspended, ordering: .releasing)
    }

    /// The subscriber gives the cursor up: the next process closes its stream.
    ///
    /// - Returns: where its record was; nil when nobody had it.
    func unregister() -> UInt32? {
        defer { state.store(0, ordering: .releasing) }
        return recordBlock
    }

    /// Where the record of the subscriber is; nil when nobody has the cursor.
    var recordBlock: UInt32? { isRegistered ? block.load(ordering: .relaxed) : nil }

    var isRegistered: Bool { state.load(ordering: .relaxed) & Flag.registered != 0 }

    /// The position of the mark in force.
    var position: UInt64 {
        state.load(ordering: .relaxed) & Flag.second != 0
            ? secondPosition.load(ordering: .relaxed) : firstPosition.load(ordering: .relaxed)
    }

    /// The cookie of the socket.
    var socket: UInt64 { cookie.load(ordering: .relaxed) }

    // MARK: Reading

    /// What it says; nil when nobody has it, or when nobody can say how far the stream has got.
    var reading: Reading? {
        let state = state.load(ordering: .acquiring)
        guard state & (Flag.registered | Flag.suspended | Flag.irregular) == Flag.registered else { return nil }
        let isSecond = state & Flag.second != 0
        return Reading(
            position: isSecond ? secondPosition.load(ordering: .relaxed) : firstPosition.load(ordering: .relaxed),
            written: isSecond ? secondWritten.load(ordering: .relaxed) : firstWritten.load(ordering: .relaxed),
            isHeartbeat: state & Flag.heartbeat != 0, cookie: cookie.load(ordering: .relaxed),
            block: block.load(ordering: .relaxed), length: length.load(ordering: .relaxed))
    }
}
