import Broadcasting
import Bytes
public import Kernel
public import SystemPackage

/// Leaves the connections to another process.
extension Server {
    /// Writes the state of the server, all of whose loops stand still, and seals the file.
    ///
    /// - Parameters:
    ///   - listeners: the listening sockets that go along.
    ///   - history: where the history is.
    /// - Returns: the sockets of the connections that go along, in the order of their records.
    /// - Throws: when there is no memory for it.
    public func writeState(
        _ freeze: Freeze, listeners: [OpenListener], history: String,
        to file: MemoryFile
    ) throws(Errno) -> [CInt] {
        let header = StateFile.Header(
            program: life.version, restarts: life.restarts, epoch: hub.epoch, time: Clock.monotonic,
            listeners: listeners,
            history: history)
        let pieces = Pieces(file)
        var writer = ByteWriter { pieces.append($0) }
        header.write(to: &writer)
        var records = RecordWriter(hub.write(to: &writer))
        var sockets: [CInt] = []
        for connection in freeze.all where records.canContinue(connection.record) {
            sockets.append(connection.socket)
            writer.write(true)
            records.write(connection.record, to: &writer)
        }
        writer.write(false)
        writer.finish()
        if let failure = pieces.failure.withLock({ $0 }) { throw failure }
        try file.seal()
        return sockets
    }

    /// Those of ``listenerNumbers`` that no service manager has opened.
    public var ownListeners: [(listener: OpenListener, number: CInt)] {
        listenerNumbers.filter { !$0.listener.key.hasPrefix("systemd:") }
    }

    /// The listening sockets, as the configuration names them, and their numbers. They belong to the server.
    public var listenerNumbers: [(listener: OpenListener, number: CInt)] {
        listeners.map {
            (
                OpenListener(key: $0.key, isLocal: $0.listener.address.isLocal, address: "\($0.listener.address)"),
                $0.listener.descriptor.number
            )
        }
    }
}

extension DescriptorQueue {
    /// Puts the sockets of connections into the queue. They stay open here as well.
    public func send(connections sockets: [CInt]) throws(Errno) {
        var rest = sockets[...]
        while !rest.isEmpty {
            try send(InheritedState.Kind.connections, rest.prefix(Self.limit))
            rest = rest.dropFirst(Self.limit)
        }
    }

    /// Closes the queue after the last socket.
    ///
    /// - Returns: whether another process has its receiving end.
    public consuming func end() -> Bool { closeReceiver().send(InheritedState.Kind.end) }
}

/// Writes pieces to a file, and remembers the first failure.
private final class Pieces: Sendable {
    private let file: MemoryFile
    let failure = Guarded<Errno?>(nil)

    init(_ file: MemoryFile) { self.file = file }

    func append(_ piece: [UInt8]) {
        guard failure.withLock({ $0 == nil }) else { return }
        do throws(Errno) { try file.append(piece) } catch { failure.withLock { $0 = error } }
    }
}
