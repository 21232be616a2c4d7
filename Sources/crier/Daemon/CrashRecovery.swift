import Broadcasting
import Configuring
import Kernel
import Logging
import Serving
import Supervising
import SystemPackage

/// Lets the streams survive if this process is killed: systemd keeps their sockets and what is recorded of them.
struct CrashRecovery {
    /// Milliseconds that systemd has to read a message.
    private static let patience: UInt64 = 5000
    /// Milliseconds after which the sockets of a few closed connections are removed too.
    private static let thoroughPeriod: UInt64 = 10_000

    private let recovery: Recovery
    private var nextThorough: UInt64 = 0

    /// What a server records; nil when the settings do not ask for it, or it would be of no use.
    ///
    /// - Parameter hasPlaces: whether systemd has kept what another process recorded, and so will keep this.
    static func make(
        _ settings: Settings, loops: Int, slots: Int, _ epochs: Epochs, hasPlaces: Bool, _ log: Logger
    ) -> Recovery? {
        guard settings.surviveCrash else { return nil }
        do throws(Errno) {
            if hasPlaces { return try Recovery(loops: loops, slots: slots, epochs: epochs) }
            if ServiceManager.isPresent, try isKept() {
                return try Recovery(loops: loops, slots: slots, epochs: epochs)
            }
            log.warning(
                "server.survive-crash has no effect: there is no systemd that keeps descriptors (FileDescriptorStoreMax=)"
            )
        } catch {
            log.warning("server.survive-crash has no effect", metadata: ["error": "\(error)"])
        }
        return nil
    }

    /// Whether systemd has room for two descriptors more.
    private static func isKept() throws(Errno) -> Bool {
        let name = "crier-probe"
        defer { DescriptorStore.remove(name: name) }
        for _ in 0..<2 {
            let probe = try DescriptorQueue()
            guard DescriptorStore.put(probe.receiver.number, name: name, milliseconds: patience), probe.end() else {
                return false
            }
        }
        return true
    }

    /// Gives systemd what a server records.
    init?(_ recovery: Recovery?, _ log: Logger) {
        guard let recovery else { return nil }
        self.recovery = recovery
        for (name, number) in [
            (Predecessor.Name.recovery, recovery.file.memory.descriptor.number),
            (Predecessor.Name.recoverySockets, recovery.sockets.receiver),
        ] {
            if !DescriptorStore.put(number, name: name, milliseconds: Self.patience) {
                log.warning("systemd did not take what server.survive-crash needs", metadata: ["name": "\(name)"])
            }
        }
    }

    /// Removes the sockets of connections that have closed. Call it every second.
    mutating func removeClosed(_ log: Logger) {
        let now = Clock.monotonic
        let isThorough = now >= nextThorough
        if isThorough { nextThorough = now + Self.thoroughPeriod }
        do throws(Errno) {
            try recovery.sockets.compact(recovery.file, isThorough: isThorough)
        } catch {
            log.warning("the sockets of closed connections cannot be removed", metadata: ["error": "\(error)"])
        }
    }

    /// Has systemd forget everything: the streams end with this process, or go to the next one in another way.
    static func forget() {
        for name in [Predecessor.Name.recovery, Predecessor.Name.recoverySockets] { DescriptorStore.remove(name: name) }
    }
}
