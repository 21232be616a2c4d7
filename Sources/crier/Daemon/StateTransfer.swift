import Kernel
import Logging
import Serving
import Supervising
import SystemPackage

/// The connections of a server that stands still, on their way to another process.
struct StateTransfer: ~Copyable {
    /// How many connections there are.
    let count: Int
    private let file: MemoryFile
    private let queue: DescriptorQueue
    private let listeners: [CInt]

    /// Milliseconds that systemd has to read a message.
    private static let patience: UInt64 = 5000

    /// Writes the state. The server keeps its sockets too.
    ///
    /// - Parameter listeners: the listening sockets that go along.
    init(
        _ server: Server, _ freeze: Freeze, listeners: [(listener: OpenListener, number: CInt)], history: String
    ) throws(Errno) {
        let file = try MemoryFile(named: "crier-state")
        let queue = try DescriptorQueue()
        let sockets = try server.writeState(
            freeze, listeners: listeners.map(\.listener), history: history, to: file)
        try queue.send(connections: sockets)
        self.file = file
        self.queue = queue
        self.listeners = listeners.map(\.number)
        count = sockets.count
    }

    /// Gives everything to systemd.
    ///
    /// - Returns: whether systemd has taken it.
    consuming func offerToServiceManager() -> Bool {
        Predecessor.forget(listeners: listeners.count)
        var isOffered = DescriptorStore.put(
            file.descriptor.number, name: Predecessor.Name.state, milliseconds: Self.patience)
        for (index, number) in listeners.enumerated() where isOffered {
            isOffered = DescriptorStore.put(
                number, name: Predecessor.Name.listener(index), milliseconds: Self.patience)
        }
        // Last: if systemd has room for it, it had room for the others.
        isOffered =
            isOffered
            && DescriptorStore.put(
                queue.receiver.number, name: Predecessor.Name.connections, milliseconds: Self.patience)
        if isOffered, queue.end() { return true }
        Predecessor.forget(listeners: listeners.count)
        return false
    }

    /// Has another process of the program read the state and the configuration.
    ///
    /// - Throws: `canceled` when the program ends with an error, or not in time.
    func rehearse(within milliseconds: UInt64, _ log: Logger) throws(Errno) {
        let arguments = Array(Program.commandLine.dropFirst()) + ["--rehearse"]
        let child = try ChildProcess(
            Program.commandLine[0], arguments, input: file, outputLimit: 64 * 1024,
            within: milliseconds)
        guard child.code != 0 else { return }
        for line in String(decoding: child.error, as: UTF8.self).split(separator: "\n") {
            log.error("the new program says: \(line)")
        }
        throw .canceled
    }

    /// Runs the program in place of this one, or this one anew when that fails.
    ///
    /// - Returns: why neither can be run. This process is of no use then.
    consuming func replaceProgram() -> Errno {
        let names =
            [Predecessor.Name.state, Predecessor.Name.connections]
            + listeners.indices.map { Predecessor.Name.listener($0) }
        let variables = [
            "LISTEN_PID": "\(Program.processID)", "LISTEN_FDS": "\(names.count)",
            "LISTEN_FDNAMES": names.joined(separator: ":"),
        ]
        let failure: Errno
        do throws(Errno) {
            let receiver = try queue.receiver.duplicate()
            _ = queue.end()
            let descriptors = [file.descriptor.number, receiver.number] + listeners
            failure = Program.replace(with: Program.commandLine[0], passing: descriptors, variables)
        } catch {
            return error
        }
        _ = Program.replace(with: "/proc/self/exe", passing: Array(3..<CInt(3 + names.count)), variables)
        return failure
    }
}
