public import Access
import Broadcasting
public import Bytes
public import Kernel

/// The streams of a process that was killed: those of which this process knows how far they have got.
public struct RecoveredStreams: Sendable {
    /// How many there are.
    public var count: Int { streams.count }
    /// How many ended, because their sockets were not kept, or nobody can say how far they have got.
    public private(set) var lost = 0
    private(set) var streams: [RecoveredStream] = []
    /// How many restarts and crashes the streams have survived, with this one.
    private(set) var restarts = 0

    /// None.
    public init() {}

    /// The streams of each loop.
    func shares(_ loops: Int) -> [[RecoveredStream]] {
        (0..<loops).map { loop in stride(from: loop, to: streams.count, by: loops).map { streams[$0] } }
    }

    /// Takes the streams over.
    ///
    /// - Parameters:
    ///   - memory: that of the process before; see ``RecoveryFile``.
    ///   - queue: the receiving end of its ``RecoverySockets``.
    ///   - most: how many connections there is room for.
    ///   - rule: finds the rule in force with a fingerprint, or makes one that is revoked.
    /// - Throws: when the memory is not as it should be. All sockets are closed then.
    public init(
        memory: SharedMemory, queue: consuming Descriptor, most: Int, rule: ([UInt8]) -> AccessRule
    ) throws(ByteReader.Damage) {
        let sockets = RecoverySockets.take(from: queue)
        // Closed at the end, unless a stream takes it.
        var owned = Set(sockets)
        defer { for number in owned { _ = Descriptor(owning: number) } }
        let file = try RecoveryFile(reading: memory)
        guard !file.isTaken else { throw ByteReader.Damage("a process that has ended since had taken it over") }
        let epochs = try file.epochs()
        file.markTaken()
        restarts = min(file.restarts, 1 << 53) + 1
        var readings: [UInt64: (RecoveryCursor.Reading, loop: Int)] = [:]
        for loop in 0..<file.shape.loops {
            for reading in file.readings(of: loop) { readings[reading.cookie] = (reading, loop) }
        }
        for number in sockets {
            let socket = Descriptor(owning: number)
            owned.remove(number)
            let (cookie, taken) = (socket.socketCookie, socket.bytesTaken)
            guard let cookie, let (reading, loop) = readings.removeValue(forKey: cookie) else {
                // A closed connection, a second copy, or a stream in the middle of bytes that nobody knows.
                continue
            }
            guard let taken, streams.count < most,
                let bytes = unsafe RecoveryBlocks.record(
                    in: file.blocks(of: loop), first: reading.block, length: reading.length),
                let record = try? RecoveryRecord(bytes, rule: rule),
                let progress = RecoveredStream.Progress(reading, record.form, taken: taken)
            else {
                lost += 1
                continue
            }
            streams.append(
                RecoveredStream(
                    socket: socket.release(), record: record,
                    position: epochs.position(of: reading.position), written: reading.written,
                    progress: progress))
        }
        lost += readings.count
    }
}

/// A stream of a process that was killed.
struct RecoveredStream: Sendable {
    /// What the kernel has got beyond the position.
    enum Progress: Sendable, Equatable {
        /// So many bytes of the next events.
        case events(bytes: Int)
        /// So many bytes of a heartbeat, perhaps all.
        case heartbeat(bytes: Int)
    }

    /// The number of its socket, which belongs to the loop.
    let socket: CInt
    let record: RecoveryRecord
    /// The client has all events up to here.
    let position: EventPosition
    /// How many bytes the kernel had taken then.
    let written: UInt64
    let progress: Progress
}

extension RecoveredStream.Progress {
    /// The most bytes that one write can have given the kernel beyond the position.
    private static let limit: UInt64 = 1 << 30

    /// - Parameter taken: how many bytes of the connection the kernel has taken.
    /// - Returns: nil when that cannot be.
    init?(_ reading: RecoveryCursor.Reading, _ form: StreamForm, taken: UInt64) {
        guard taken >= reading.written, taken - reading.written < Self.limit else { return nil }
        let ahead = Int(taken - reading.written)
        guard reading.isHeartbeat else {
            self = .events(bytes: ahead)
            return
        }
        switch ahead {
        case 0: self = .events(bytes: 0)
        case ...Heartbeat.bytes(form.framing).count: self = .heartbeat(bytes: ahead)
        default: return nil
        }
    }
}
