import Access
import Broadcasting
import Bytes
import Kernel
import Logging
import Serving
import Supervising
import SystemPackage

/// What this process got from systemd, and from the process before: listening sockets, and connections with their state.
struct Predecessor {
    /// The names of the descriptors that one process leaves for the next.
    enum Name {
        static let state = "crier-state"
        static let connections = "crier-connections"
        /// For the case that a process is killed.
        static let recovery = "crier-recovery"
        static let recoverySockets = "crier-recovery-sockets"
        private static let listener = "crier-listener-"

        static func listener(_ index: Int) -> String { "\(listener)\(index)" }

        static func isListener(_ name: String) -> Bool { name.hasPrefix(listener) }
    }

    /// A listening socket, and the name under which systemd may have it too.
    private struct Listener {
        let name: String
        let number: CInt
    }

    /// The sockets of socket units, by name. They belong to this process.
    private(set) var sockets: [(name: String, number: CInt)] = []
    /// The connections; nil for none.
    private(set) var state: InheritedState?
    /// What the process before has recorded in case it is killed: the memory, and the queue of sockets.
    private var recorded: (memory: CInt, sockets: CInt)?
    /// Whether systemd has what another process recorded.
    var hasRecorded: Bool { stored.contains(Name.recoverySockets) }
    /// The listening sockets of the process before, by their keys. They belong to this process.
    private var listeners: [String: [Listener]] = [:]
    /// What systemd has for as long as nobody tells it to forget.
    private var stored: Set<String> = []

    /// Nothing from anybody.
    static let none = Predecessor(sockets: [])

    private init(sockets: [(name: String, number: CInt)]) { self.sockets = sockets }

    init() {
        var state: CInt?
        var connections: CInt?
        var recovery: CInt?
        var recoverySockets: CInt?
        var numbered: [String: CInt] = [:]
        InheritedSockets.take { socket in
            let name = socket.name
            let number = socket.takeDescriptor().release()
            switch name {
            case Name.state: state = number
            case Name.connections: connections = number
            case Name.recovery: recovery = number
            case Name.recoverySockets: recoverySockets = number
            case _ where Name.isListener(name): numbered[name] = number
            default: return sockets.append((name, number))
            }
            stored.insert(name)
        }
        var keys: [String] = []
        if let state, let connections {
            let inherited = InheritedState(
                file: MemoryFile(adopting: Descriptor(owning: state)), queue: Descriptor(owning: connections))
            self.state = inherited
            keys = (try? inherited.header())?.listeners.map(\.key) ?? []
        } else {
            for number in [state, connections] { number.map { _ = Descriptor(owning: $0) } }
        }
        if self.state == nil, let recovery, let recoverySockets {
            recorded = (recovery, recoverySockets)
        } else {
            for number in [recovery, recoverySockets] { number.map { _ = Descriptor(owning: $0) } }
        }
        for (index, key) in keys.enumerated() {
            guard let number = numbered.removeValue(forKey: Name.listener(index)) else { continue }
            listeners[key, default: []].append(Listener(name: Name.listener(index), number: number))
        }
        drop(numbered.map { Listener(name: $0.key, number: $0.value) })
    }

    /// Takes the connections: those that the process before left, or the streams that it had when it was killed.
    ///
    /// - Parameters:
    ///   - most: how many connections there is room for.
    ///   - rule: finds the rule in force with a fingerprint, or makes one that is revoked.
    /// - Throws: when the state is not as it should be.
    mutating func continueConnections(
        _ hub: Hub, loops: Int, most: Int, rule: @escaping ([UInt8]) -> AccessRule, _ log: Logger
    ) throws(ByteReader.Damage) -> RestoredConnections {
        if let state {
            return try state.restore(into: hub, loops: loops, most: most, now: Clock.steady, rule: rule)
        }
        var connections = RestoredConnections()
        if let (memory, sockets) = recorded {
            recorded = nil
            do throws(ByteReader.Damage) {
                connections.recovered = try Self.streams(
                    Descriptor(owning: memory), Descriptor(owning: sockets), most: most, rule: rule)
            } catch {
                log.error(
                    "the streams of the process that was killed cannot be continued; its clients reconnect and resume",
                    metadata: ["reason": "\(error)"])
            }
        }
        return connections
    }

    private static func streams(
        _ memory: consuming Descriptor, _ sockets: consuming Descriptor, most: Int, rule: ([UInt8]) -> AccessRule
    ) throws(ByteReader.Damage) -> RecoveredStreams {
        let shared: SharedMemory
        do throws(Errno) {
            shared = try SharedMemory(adopting: memory)
        } catch {
            throw ByteReader.Damage("it cannot be read: \(error)")
        }
        return try RecoveredStreams(memory: shared, queue: sockets, most: most, rule: rule)
    }

    /// Closes the connections that the process before left.
    ///
    /// - Returns: how many there were.
    mutating func refuseState() -> Int {
        defer { state = nil }
        return state?.discard() ?? 0
    }

    /// The keys of the listening sockets of the process before.
    var listenerKeys: [String] { listeners.keys.sorted() }

    /// Takes the listening sockets with a key.
    mutating func takeListeners(_ key: String) -> [CInt] { listeners.removeValue(forKey: key)?.map(\.number) ?? [] }

    /// Closes the listening sockets whose keys are not among some, so that their addresses are free. systemd closes its copies.
    mutating func keepListeners(_ keys: Set<String>) {
        let others = listeners.filter { !keys.contains($0.key) }
        for key in others.keys { listeners[key] = nil }
        drop(others.values.flatMap { $0 })
    }

    private mutating func drop(_ dropped: [Listener]) {
        guard !dropped.isEmpty else { return }
        for listener in dropped {
            _ = Descriptor(owning: listener.number)
            DescriptorStore.remove(name: listener.name)
            stored.remove(listener.name)
        }
        DescriptorStore.wait(milliseconds: 5000)
    }

    /// Closes what nobody has taken, and has systemd forget all of it.
    mutating func release() {
        keepListeners([])
        state = nil
        if let (memory, sockets) = recorded { for number in [memory, sockets] { _ = Descriptor(owning: number) } }
        recorded = nil
        for name in stored { DescriptorStore.remove(name: name) }
        stored = []
    }

    /// Has systemd forget what a process left for the next.
    static func forget(listeners count: Int) {
        for name in [Name.state, Name.connections] + (0..<count).map(Name.listener) {
            DescriptorStore.remove(name: name)
        }
    }
}
