import Kernel
import SystemPackage

/// What a thread of the store sleeps on.
final class SharedBell: Sendable {
    let wakeup: Wakeup

    init(_ wakeup: consuming Wakeup) {
        self.wakeup = wakeup
    }

    /// Waits until it rings.
    ///
    /// - Returns: whether it did, within the time.
    func wait(milliseconds: Int) -> Bool {
        let hasRung = wakeup.wait(milliseconds: milliseconds)
        if hasRung { wakeup.silence() }
        return hasRung
    }
}
