import CSystemd

/// What we tell systemd. Without it (no `NOTIFY_SOCKET`) all of this does nothing. The C function is `sd_notify`.
public enum ServiceManager {
    /// Start-up is complete.
    public static func ready(status: String) { send("READY=1\nSTATUS=\(status)") }

    /// The line that `systemctl status` shows.
    public static func status(_ line: String) { send("STATUS=\(line)") }

    /// A reload has begun; ``ready(status:)`` says that it is done. systemd must be able to tell that this is the
    /// answer to its request, which it does by the clock (`sd_notify(3)`, MONOTONIC_USEC).
    public static func reloading(monotonicMicroseconds: UInt64) {
        send("RELOADING=1\nMONOTONIC_USEC=\(monotonicMicroseconds)")
    }

    /// Shutting down has begun.
    public static func stopping(status: String) { send("STOPPING=1\nSTATUS=\(status)") }

    /// All is well: systemd starts its watchdog over.
    public static func alive() { send("WATCHDOG=1") }

    /// Milliseconds within which ``alive()`` must be said, or nil when there is no watchdog. The C function is
    /// `sd_watchdog_enabled`.
    public static var watchdog: UInt64? {
        var microseconds: UInt64 = 0
        return unsafe sd_watchdog_enabled(0, &microseconds) > 0 ? microseconds / 1000 : nil
    }

    private static func send(_ state: String) {
        _ = unsafe sd_notify(0, state)
    }
}
