public import Access
public import Broadcasting
public import Bytes
public import Kernel
import SystemPackage

/// The state that the process before has left: a file, and a queue with the sockets.
public final class InheritedState: Sendable {
    /// The kinds of messages in the queue.
    enum Kind {
        /// Sockets of connections.
        static let connections = UInt8(ascii: "C")
        /// All connections have come.
        static let end = UInt8(ascii: "E")
    }

    private let file: MemoryFile
    private let queue: Descriptor

    /// - Parameters:
    ///   - file: as ``Server/writeState(_:program:listeners:history:to:)`` wrote it.
    ///   - queue: the receiving end of a queue with the sockets, filled by `send(connections:)`.
    public init(file: MemoryFile, queue: consuming Descriptor) {
        self.file = file
        self.queue = queue
    }

    /// The epoch of the log, and the listening sockets that come with it.
    public func header() throws(ByteReader.Damage) -> (epoch: Epoch, listeners: [OpenListener]) {
        try read { reader throws(ByteReader.Damage) in
            let header = try StateFile.Header(&reader)
            return (header.epoch, header.listeners)
        }
    }

    /// Restores the hub, takes the sockets, and adds the subscribers to their topics.
    ///
    /// - Parameters:
    ///   - hub: see ``Broadcasting/Hub/restore(_:now:)``.
    ///   - loops: how many loops the connections are for.
    ///   - most: how many connections there is room for.
    ///   - rule: finds the rule in force with a fingerprint, or makes one that is revoked.
    /// - Throws: when anything is not as it should be. The sockets are still in the queue, and the hub is of no use.
    public func restore(
        into hub: Hub, loops: Int, most: Int, now: UInt64, rule: @escaping ([UInt8]) -> AccessRule
    ) throws(ByteReader.Damage) -> RestoredConnections {
        let (header, records) = try read { reader throws(ByteReader.Damage) in
            try Self.contents(&reader, hub, now, rule)
        }
        var restored = RestoredConnections(loops: loops, program: header.program, frozenAt: header.time)
        restored.restarts = header.restarts + 1
        var sockets = takeSockets()
        if !sockets.isComplete {
            for socket in sockets.numbers { _ = Self.close(socket) }
            sockets.numbers = []
        }
        for (index, record) in records.enumerated() {
            guard index < sockets.numbers.count, let socket = sockets.numbers[index] else {
                restored.lost += 1
                continue
            }
            guard restored.count < most else {
                restored.lost += 1
                _ = Self.close(socket)
                continue
            }
            restored.add(RestoredConnection(socket: socket, record: record), hub)
        }
        for socket in sockets.numbers.dropFirst(records.count) { _ = Self.close(socket) }
        return restored
    }

    /// Reads everything into memory, to find out whether this program understands it.
    ///
    /// - Returns: the listening sockets that come with it, and where the history is.
    public static func check(
        _ file: MemoryFile
    ) throws(ByteReader.Damage) -> (listeners: [OpenListener], history: String) {
        try read(file) { reader throws(ByteReader.Damage) in
            var copy = reader
            let hub = try Hub.forCheck(&copy, epoch: try StateFile.Header(&copy).epoch)
            let header = try contents(&reader, hub, 0) { AccessRule(fingerprint: $0) }.0
            return (header.listeners, header.history)
        }
    }

    /// Closes the connections.
    ///
    /// - Returns: how many there were.
    public func discard() -> Int {
        takeSockets().numbers.reduce(0) { Self.close($1) ? $0 + 1 : $0 }
    }

    private static func contents(
        _ reader: inout ByteReader, _ hub: Hub, _ now: UInt64, _ rule: @escaping ([UInt8]) -> AccessRule
    ) throws(ByteReader.Damage) -> (StateFile.Header, [ConnectionRecord]) {
        let header = try StateFile.Header(&reader)
        guard header.epoch == hub.epoch || hub.hasArchive else { throw ByteReader.Damage("its epoch is another one") }
        let topics = try hub.restore(&reader, now: now)
        var recordReader = RecordReader(topics: topics, rule: rule)
        var records: [ConnectionRecord] = []
        while try reader.flag() { records.append(try recordReader.read(&reader)) }
        guard reader.isAtEnd else { throw ByteReader.Damage("more follows than it should have") }
        return (header, records)
    }

    private func read<Value>(
        _ body: (inout ByteReader) throws(ByteReader.Damage) -> Value
    ) throws(ByteReader.Damage) -> Value {
        try Self.read(file, body)
    }

    private static func read<Value>(
        _ file: MemoryFile, _ body: (inout ByteReader) throws(ByteReader.Damage) -> Value
    ) throws(ByteReader.Damage) -> Value {
        let outcome: Result<Value, ByteReader.Damage>
        do throws(Errno) {
            outcome = unsafe try file.withBytes { bytes in
                do throws(ByteReader.Damage) {
                    var reader = unsafe try ByteReader(checking: bytes)
                    return .success(try body(&reader))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw ByteReader.Damage("it cannot be read, or is not sealed: \(error)")
        }
        return try outcome.get()
    }

    /// Takes everything out of the queue: the sockets by the places of their records, nil for one that did not arrive.
    private func takeSockets() -> (numbers: [CInt?], isComplete: Bool) {
        var numbers: [CInt?] = []
        while let message = (try? DescriptorQueue.receive(from: queue)) ?? nil {
            if message.kind == Kind.end { return (numbers, true) }
            numbers += message.numbers
            numbers += Array(repeating: nil, count: max(0, message.sent - message.numbers.count))
        }
        return (numbers, false)
    }

    private static func close(_ number: CInt?) -> Bool {
        guard let number else { return false }
        _ = Descriptor(owning: number)
        return true
    }
}
