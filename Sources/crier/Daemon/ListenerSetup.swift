import Access
import Configuring
import Kernel
import Serving
import Supervising
import SystemPackage

/// Opens the listening sockets that the settings name, and adopts those that systemd opened.
struct ListenerSetup {
    /// Why a listener cannot be opened.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let settings: Settings
    private var listening = ListenerSet()
    /// The addresses of the tables that sockets of systemd have taken.
    private var adopted: Set<String> = []
    /// The addresses of the listeners, for the log.
    private(set) var addresses: [String] = []
    /// The files of Unix sockets, which the daemon deletes when it stops.
    private(set) var unixPaths: [String] = []

    init(_ settings: Settings) {
        self.settings = settings
    }

    /// The listeners, for the server.
    var sockets: ListenerSet { listening }

    private var options: ConnectionOptions {
        ConnectionOptions(deadPeerSeconds: Int(settings.deadPeer / 1000), unsentLimit: settings.unsent)
    }

    /// - Parameter predecessor: has the sockets that are open already.
    mutating func open(_ predecessor: inout Predecessor) throws(Failure) {
        let names = Set(
            settings.listen.compactMap { listener -> String? in
                if case .inherited(let name) = listener.address { name } else { nil }
            })
        var inherited: Set<String> = []
        predecessor.keepListeners(
            Set(settings.listen.map { "\($0.address)" } + predecessor.listenerKeys.filter { $0.hasPrefix("systemd:") }))
        for (name, number) in predecessor.sockets {
            inherited.insert(name)
            try adopt(number, name: name)
        }
        // systemd passed these to the program that this one has replaced.
        for key in predecessor.listenerKeys {
            guard let address = try? ListenAddress(key), case .inherited(let name) = address, !inherited.contains(name)
            else { continue }
            inherited.insert(name)
            for number in predecessor.takeListeners(key) { try adopt(number, name: name) }
        }
        for missing in names.subtracting(inherited).sorted() {
            throw Self.missing(missing)
        }
        // If systemd passes on sockets and the settings name none of them, they replace the listeners of the settings.
        let isReplaced = !inherited.isEmpty && names.isEmpty
        for listener in settings.listen where !adopted.contains("\(listener.address)") {
            if isReplaced { try refuseRules(of: listener) } else { try open(listener, &predecessor) }
        }
    }

    /// Refuses a listener that no socket of systemd has and that says more than an address: nothing that it says would be in
    /// force.
    private func refuseRules(of listener: ListenSettings) throws(Failure) {
        let plain = ListenSettings(address: listener.address, isOpen: listener.isOpen)
        guard listener != plain else { return }
        throw Failure(
            description: "[[listen]] address = \"\(listener.address)\": systemd passes on sockets, and none has this "
                + "address; name the socket that the table is for, as in address = \"systemd:crier\"")
    }

    /// Opens the sockets that are not open yet, as ``open(_:)`` would.
    ///
    /// - Parameter opened: those that are open.
    mutating func openNew(besides opened: [OpenListener]) throws(Failure) {
        for listener in opened { try check(listener) }
        let isReplaced =
            opened.contains { $0.key.hasPrefix("systemd:") }
            && !settings.listen.contains { if case .inherited = $0.address { true } else { false } }
        let known = Set(opened.map(\.key)).union(adopted)
        var nobody = Predecessor.none
        for listener in settings.listen where !known.contains("\(listener.address)") {
            if isReplaced {
                try refuseRules(of: listener)
                continue
            }
            if case .inherited(let name) = listener.address { throw Self.missing(name) }
            try open(listener, &nobody)
        }
    }

    /// Checks that the settings have a socket that is open, and may have it.
    private mutating func check(_ open: OpenListener) throws(Failure) {
        let listener = settings.listen.first { "\($0.address)" == open.key }
        guard let address = try? ListenAddress(open.key), case .inherited(let name) = address else {
            if let listener { try checkExposure(listener, isLocal: open.isLocal) }
            return
        }
        let settings = try settings(for: name, at: open.address)
        adopted.insert("\(settings.address)")
        try checkExposure(settings, isLocal: open.isLocal)
    }

    private func checkExposure(_ listener: ListenSettings, isLocal: Bool) throws(Failure) {
        if !settings.access.isInForce, let exposure = listener.exposure(isLocal: isLocal) {
            throw Failure(description: exposure)
        }
    }

    /// The table that names a socket of systemd.
    private func listener(named name: String) -> ListenSettings? {
        settings.listen.first { $0.address == .inherited(name: name) }
    }

    /// The settings for a socket that systemd passes on: of the table that names it, otherwise of the table with its address.
    ///
    /// - Parameter address: the description of its address.
    private func settings(for name: String, at address: String) throws(Failure) -> ListenSettings {
        let listener =
            listener(named: name) ?? settings.listen.first { $0.address.names(address) } ?? Self.standard(name)
        guard let listener else {
            throw Failure(
                description: "a socket called \"\(name)\" was handed over by systemd, but no [[listen]] has "
                    + "address = \"\(ListenAddress.inherited(name: name))\"")
        }
        return listener
    }

    private static func missing(_ name: String) -> Failure {
        Failure(
            description: "systemd:\(name): systemd passed on no socket with this name; "
                + "a socket unit needs FileDescriptorName=\(name)")
    }

    private mutating func adopt(_ number: CInt, name: String) throws(Failure) {
        let socket = Descriptor(owning: number)
        let listener = try settings(for: name, at: "\(SocketAddress(boundBy: socket))")
        _ = socket.release()
        adopted.insert("\(listener.address)")
        try add(listener, key: .inherited(name: name)) { options throws(Errno) in
            try Listener(adopting: Descriptor(owning: number), options: options)
        }
    }

    /// The settings for an inherited socket that the configuration does not mention.
    private static func standard(_ name: String) -> ListenSettings? {
        let address = ListenAddress.inherited(name: name)
        return switch name {
        case "crier", "unknown": ListenSettings(address: address)
        case "crier-publish": ListenSettings(address: address, roles: [.publish])
        default: nil
        }
    }

    private mutating func open(_ listener: ListenSettings, _ predecessor: inout Predecessor) throws(Failure) {
        let opened = predecessor.takeListeners("\(listener.address)")
        for number in opened {
            try add(listener) { options throws(Errno) in
                try Listener(adopting: Descriptor(owning: number), options: options)
            }
        }
        switch listener.address {
        case .inherited: return
        case .unix(let path):
            let owner = try listener.owner.map { owner throws(Failure) in try Self.ids(owner) }
            if opened.isEmpty {
                try add(listener) { _ throws(Errno) in
                    try Listener.unix(path: path, mode: listener.mode, owner: owner)
                }
            } else {
                do throws(Errno) { try Listener.setPermissions(path, mode: listener.mode, owner: owner) } catch {
                    throw Failure(description: "\(listener.address): \(error)")
                }
            }
            unixPaths.append(path)
        case .tcp(let host, let port): if opened.isEmpty { try open(listener, host: host, port: port) }
        }
    }

    /// Listens on every address of a host: `localhost` may have an IPv4 and an IPv6 address. It fails only if all fail.
    private mutating func open(_ listener: ListenSettings, host: String, port: UInt16) throws(Failure) {
        let addresses: [SocketAddress]
        do throws(SocketAddress.ResolutionFailure) {
            // One IPv6 socket for all addresses of this machine; it also accepts IPv4.
            addresses = try SocketAddress.resolve(host: host.isEmpty ? "::" : host, port: port)
        } catch {
            throw Failure(description: "\(listener.address): \(error)")
        }
        var failure: Failure?
        var opened = false
        for address in addresses {
            do throws(Failure) {
                try add(listener) { options throws(Errno) in try Listener.listen(on: address, options: options) }
                opened = true
            } catch {
                failure = error
            }
        }
        if let failure, !opened { throw failure }
    }

    private mutating func add(
        _ settings: ListenSettings, key: ListenAddress? = nil, _ make: (ConnectionOptions) throws(Errno) -> Listener
    ) throws(Failure) {
        guard addresses.count < ListenerSet.limit else {
            throw Failure(description: "there are more than \(ListenerSet.limit) listening sockets, which is the limit")
        }
        let listener: Listener
        do throws(Errno) {
            listener = try make(options)
        } catch {
            throw Failure(description: "cannot listen on \(settings.address): \(error)")
        }
        try checkExposure(settings, isLocal: listener.address.isLocal)
        addresses.append("\(listener.address)")
        listening.add(
            listener, key: "\(key ?? settings.address)", roles: settings.servingRoles, hosts: settings.hosts,
            origins: settings.origins,
            allowsPrivateNetwork: settings.allowsPrivateNetwork, usesProxyProtocol: settings.usesProxyProtocol)
    }

    private static func ids(_ owner: ListenSettings.Owner) throws(Failure) -> (user: UInt32, group: UInt32) {
        let user = Account.user(owner.user)
        // −1 leaves the group unchanged (chown(2)).
        let group = owner.group.map(Account.group) ?? UInt32.max
        guard let user else { throw Failure(description: "owner: there is no user \"\(owner.user)\"") }
        guard let group else { throw Failure(description: "owner: there is no group \"\(owner.group ?? "")\"") }
        return (user, group)
    }
}
