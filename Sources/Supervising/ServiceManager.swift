import CSystemd
import Kernel

/// Notifies systemd of the daemon's state. Without systemd (no `NOTIFY_SOCKET`) it does nothing. The corresponding C
/// function is `sd_notify`.
public enum ServiceManager {
    /// Whether there is a service manager that listens.
    public static var isPresent: Bool { Environment["NOTIFY_SOCKET"] != nil }

    /// Start-up or a reload is complete.
    public static func ready(status: String) { send("READY=1\nSTATUS=\(status)") }

    /// Sets the line that `systemctl status` shows.
    public static func status(_ line: String) { send("STATUS=\(line)") }

    /// A reload has started; call ``ready(status:)`` when it is complete. systemd compares the time with that of its
    /// request (`sd_notify(3)`, MONOTONIC_USEC).
    public static func reloading(monotonicMicroseconds: UInt64) {
        send("RELOADING=1\nMONOTONIC_USEC=\(monotonicMicroseconds)")
    }

    /// The shutdown has started.
    public static func stopping(status: String) { send("STOPPING=1\nSTATUS=\(status)") }

    /// Starting or stopping takes longer: systemd waits so long for the next message.
    ///
    /// - Parameter milliseconds: from now on.
    public static func extendTimeout(milliseconds: UInt64) { send("EXTEND_TIMEOUT_USEC=\(milliseconds * 1000)") }

    /// The daemon works: systemd restarts its watchdog timer.
    public static func alive() { send("WATCHDOG=1") }

    /// The time-out of the watchdog in milliseconds: systemd restarts the daemon if it does not call ``alive()`` within
    /// it. Nil without a watchdog. The corresponding C function is `sd_watchdog_enabled`.
    public static var watchdog: UInt64? {
        var microseconds: UInt64 = 0
        return unsafe sd_watchdog_enabled(0, &microseconds) > 0 ? microseconds / 1000 : nil
    }

    private static func send(_ state: String) {
        _ = unsafe sd_notify(0, state)
    }
}
