import Kernel
import Synchronization
import SystemPackage

/// Lets a thread wait until every loop has executed the commands that came before; see ``LoopCommand/acknowledge(_:)``.
final class Acknowledgement: Sendable {
    private let awaited: Atomic<Int>
    private let wakeup: SharedWakeup

    init(loops: Int) throws(Errno) {
        awaited = Atomic(loops)
        wakeup = try SharedWakeup()
    }

    /// A loop has come to the command.
    func acknowledge() {
        awaited.subtract(1, ordering: .releasing)
        wakeup.notify()
    }

    /// Waits for all loops.
    ///
    /// - Parameter milliseconds: to wait at most, for the case that a loop fails.
    func wait(milliseconds: UInt64) {
        let deadline = Clock.monotonic + milliseconds
        while awaited.load(ordering: .acquiring) > 0, Clock.monotonic < deadline {
            _ = wakeup.wait(milliseconds: 100)
        }
    }
}
