import Broadcasting
import Kernel
import SystemPackage

/// What a loop is told by other threads, events aside.
enum LoopCommand: Sendable {
    /// Serve a connection that another loop accepted; the number is handed over with its ownership.
    case adopt(CInt, listener: UInt8, isRefused: Bool)
    /// Use other settings.
    case configure(ServingSettings)
    /// Accept nothing more, see everybody off, and end.
    case drain
}

/// How other threads reach a loop.
final class LoopPort: Sendable {
    let mailbox: Mailbox
    let status = LoopStatus()
    let wakeup: SharedWakeup
    private let commands = Guarded<[LoopCommand]>([])

    init() throws(Errno) {
        let wakeup = SharedWakeup(try Wakeup())
        self.wakeup = wakeup
        mailbox = Mailbox(ring: { wakeup.wakeup.ring() })
    }

    func send(_ command: LoopCommand) {
        commands.withLock { $0.append(command) }
        mailbox.wake()
    }

    func takeCommands() -> [LoopCommand] {
        commands.withLock { pending in
            guard !pending.isEmpty else { return [] }
            defer { pending = [] }
            return pending
        }
    }

    var hasCommands: Bool { commands.withLock { !$0.isEmpty } }
}

/// A wakeup that is shared by the port and the mailbox's bell.
final class SharedWakeup: Sendable {
    let wakeup: Wakeup

    init(_ wakeup: consuming Wakeup) {
        self.wakeup = wakeup
    }
}

/// A listening socket that every loop accepts from.
final class SharedListener: Sendable {
    let listener: Listener
    let roles: Roles

    init(_ listener: consuming Listener, roles: Roles) {
        self.listener = listener
        self.roles = roles
    }
}
