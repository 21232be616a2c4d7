import Kernel
import SystemPackage

/// A wakeup that several threads share: one thread of the store waits on it, any thread may notify it.
final class SharedWakeup: Sendable {
    private let wakeup: Wakeup

    init() throws(Errno) {
        wakeup = try Wakeup()
    }

    /// Wakes the thread that waits.
    func notify() { wakeup.notify() }

    /// Waits for a notification and clears it.
    ///
    /// - Returns: whether there was one within the time.
    func wait(milliseconds: Int) -> Bool {
        let isNotified = wakeup.wait(milliseconds: milliseconds)
        if isNotified { wakeup.clear() }
        return isNotified
    }
}
