import Kernel
import SystemPackage

/// Wakes the thread that supervises.
final class SharedWakeup: Sendable {
    let wakeup: Wakeup

    init() throws(Errno) { wakeup = try Wakeup() }
}
