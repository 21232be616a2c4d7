import Kernel
import Synchronization
public import SystemPackage

/// Keeps the sockets of subscribers open if this process is killed: another process has the receiving end of the queue.
///
/// A socket stays in the queue when its connection has closed, until the next ``compact(_:)``.
public final class RecoverySockets: Sendable {
    /// Messages that fit on any machine: the kernel charges a message some 800 bytes of the 416 KiB that a socket may have.
    private static let capacity = 400
    private static let kind = UInt8(ascii: "R")

    private let queue: DescriptorQueue
    private let messages = Atomic(0)
    private let sockets = Atomic(0)
    private let clears = Atomic(0)

    /// None.
    init() throws(Errno) { queue = try DescriptorQueue() }

    /// The receiving end, for the process that keeps it.
    public var receiver: CInt { queue.receiver.number }

    /// Adds sockets, ``DescriptorQueue/limit`` at most.
    ///
    /// - Returns: false when there is no room before the next ``compact(_:)``.
    func add(_ numbers: ArraySlice<CInt>) -> Bool {
        guard messages.load(ordering: .relaxed) < Self.capacity, (try? queue.send(Self.kind, numbers)) != nil else {
            return false
        }
        // Afterwards: what compact(_:isThorough:) counts is recorded and sent.
        messages.add(1, ordering: .acquiringAndReleasing)
        sockets.add(numbers.count, ordering: .relaxed)
        return true
    }

    /// Removes the sockets of closed connections, if there are many of them, and packs the others. For one thread.
    ///
    /// - Parameters:
    ///   - file: knows which sockets are in use.
    ///   - isThorough: whether few of them are enough.
    /// - Throws: when the process has too few descriptors, or the queue no room.
    public func compact(_ file: RecoveryFile, isThorough: Bool) throws(Errno) {
        let (messages, sockets) = (messages.load(ordering: .acquiring), sockets.load(ordering: .relaxed))
        guard isThorough || messages > Self.capacity / 4 || sockets > 256 else { return }
        let used = file.cookies
        let closed = sockets - used.count
        let isScattered = messages > 16 + 2 * used.count / DescriptorQueue.limit
        guard closed > (isThorough ? 0 : max(128, used.count / 4)) || isScattered else { return }
        var freed = (messages: 0, descriptors: 0)
        defer {
            self.messages.subtract(freed.messages, ordering: .relaxed)
            self.sockets.subtract(freed.descriptors, ordering: .relaxed)
        }
        try queue.compact(messages: messages, &freed) { socket in
            socket.socketCookie.map { used.contains($0) } ?? false
        }
    }

    /// How many sockets are in the queue, those of closed connections included.
    var count: Int { sockets.load(ordering: .relaxed) }

    /// Rises with every ``clear()``.
    var generation: Int { clears.load(ordering: .acquiring) }

    /// Removes all sockets. The kernel counts those in the queue against the limit on descriptors, and another queue may need
    /// the room. The loops must stand still.
    public func clear() {
        for number in Self.take(from: queue.receiver) { _ = Descriptor(owning: number) }
        messages.store(0, ordering: .relaxed)
        sockets.store(0, ordering: .relaxed)
        clears.add(1, ordering: .releasing)
    }

    /// Takes all sockets that a process before has left. The caller owns them.
    static func take(from receiver: borrowing Descriptor) -> [CInt] {
        var numbers: [CInt] = []
        while let message = (try? DescriptorQueue.receive(from: receiver)) ?? nil { numbers += message.numbers }
        return numbers
    }
}
