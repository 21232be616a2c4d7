import Bytes
import Kernel
import Serving
import Supervising

/// What this process got from systemd, and from the process before: listening sockets, and connections with their state.
struct Predecessor {
    /// The names of the descriptors that one process leaves for the next.
    enum Name {
        static let state = "crier-state"
        static let connections = "crier-connections"

        static func listener(_ index: Int) -> String { "crier-listener-\(index)" }
    }

    /// The sockets of socket units, by name. They belong to this process.
    private(set) var sockets: [(name: String, number: CInt)] = []
    /// The connections; nil for none.
    private(set) var state: InheritedState?
    /// The listening sockets that the process before opened itself, by their keys. They belong to this process.
    private(set) var listeners: [String: [CInt]] = [:]
    private var listenerCount = 0

    /// Nothing from anybody.
    static let none = Predecessor(sockets: [])

    private init(sockets: [(name: String, number: CInt)]) { self.sockets = sockets }

    init() {
        var state: CInt?
        var connections: CInt?
        var numbered: [String: CInt] = [:]
        InheritedSockets.take { socket in
            let name = socket.name
            let number = socket.takeDescriptor().release()
            switch name {
            case Name.state: state = number
            case Name.connections: connections = number
            case _ where name.hasPrefix(Name.listener(0).dropLast()): numbered[name] = number
            default: sockets.append((name, number))
            }
        }
        if let state, let connections {
            let inherited = InheritedState(
                file: MemoryFile(adopting: Descriptor(owning: state)), queue: Descriptor(owning: connections))
            self.state = inherited
            if let keys = (try? inherited.header())?.listeners {
                listenerCount = keys.count
                for (index, key) in keys.enumerated() {
                    guard let number = numbered.removeValue(forKey: Name.listener(index)) else { continue }
                    listeners[key, default: []].append(number)
                }
            }
        } else {
            for number in [state, connections] { number.map { _ = Descriptor(owning: $0) } }
        }
        for number in numbered.values { _ = Descriptor(owning: number) }
    }

    /// Takes the listening sockets with a key.
    mutating func takeListeners(_ key: String) -> [CInt] { listeners.removeValue(forKey: key) ?? [] }

    /// Closes what nobody has taken, and has systemd forget all of it.
    mutating func release() {
        for (key, numbers) in listeners {
            for number in numbers { _ = Descriptor(owning: number) }
            listeners[key] = nil
        }
        guard state != nil else { return }
        state = nil
        Self.forget(listeners: listenerCount)
    }

    /// Has systemd forget what a process left for the next.
    static func forget(listeners count: Int) {
        DescriptorStore.remove(name: Name.state)
        DescriptorStore.remove(name: Name.connections)
        for index in 0..<count { DescriptorStore.remove(name: Name.listener(index)) }
    }
}
