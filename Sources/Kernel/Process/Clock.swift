import Glibc

/// The clocks of the kernel.
public enum Clock {
    /// Milliseconds since an arbitrary start; it never decreases (CLOCK_MONOTONIC). Use it for deadlines.
    public static var monotonic: UInt64 { monotonicMicroseconds / 1000 }

    /// Microseconds of the monotonic clock, the unit of systemd's `MONOTONIC_USEC`.
    public static var monotonicMicroseconds: UInt64 { read(CLOCK_MONOTONIC) }

    /// Milliseconds since 1970 by the clock of the machine when the process first asked, and by the monotonic clock since
    /// then: nobody who sets the machine's clock makes anything expire early, or never.
    public static var steady: UInt64 { monotonic + steadyStart }

    private static let steadyStart = realtime - monotonic

    /// Milliseconds since 1970 (CLOCK_REALTIME). Use it for times that people read.
    public static var realtime: UInt64 { read(CLOCK_REALTIME) / 1000 }

    /// Nanoseconds of the monotonic clock. Use it to measure.
    public static var monotonicNanoseconds: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Hour (0 to 23), minute and second (0 to 60) of the local time of day. The corresponding C function is
    /// `localtime_r`.
    public static var localTime: (hour: Int, minute: Int, second: Int) {
        var now = time(nil)
        var parts = unsafe tm()
        unsafe localtime_r(&now, &parts)
        return unsafe (Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec))
    }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
    }
}
