import Broadcasting
import Kernel
import SystemPackage

/// How other threads reach a loop.
final class LoopPort: Sendable {
    let mailbox: Mailbox
    let status = LoopStatus()
    let wakeup: SharedWakeup
    private let commands = Guarded<[LoopCommand]>([])

    init() throws(Errno) {
        let wakeup = try SharedWakeup()
        self.wakeup = wakeup
        mailbox = Mailbox(wakeLoop: { wakeup.wakeup.notify() })
    }

    func post(_ command: LoopCommand) {
        commands.withLock { $0.append(command) }
        mailbox.wake()
    }

    func collectCommands() -> [LoopCommand] {
        commands.withLock { pending in
            guard !pending.isEmpty else { return [] }
            defer { pending = [] }
            return pending
        }
    }

    var hasCommands: Bool { commands.withLock { !$0.isEmpty } }
}
