public import SystemPackage

/// A wakeup that several threads share: one thread waits on it, any thread may notify it.
public final class SharedWakeup: Sendable {
    /// The wakeup, for a poller to watch.
    public let wakeup: Wakeup

    /// Creates one that is not notified.
    public init() throws(Errno) { wakeup = try Wakeup() }

    /// Wakes the thread that waits.
    public func notify() { wakeup.notify() }

    /// Waits for a notification and clears it.
    ///
    /// - Returns: whether there was one within the time.
    public func wait(milliseconds: Int) -> Bool {
        let isNotified = wakeup.wait(milliseconds: milliseconds)
        if isNotified { wakeup.clear() }
        return isNotified
    }
}
