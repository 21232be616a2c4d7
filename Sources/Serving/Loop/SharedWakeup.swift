import Kernel

/// A wakeup that the port of a loop and its mailbox share.
final class SharedWakeup: Sendable {
    let wakeup: Wakeup

    init(_ wakeup: consuming Wakeup) {
        self.wakeup = wakeup
    }
}
