import Glibc

/// The two clocks of the kernel, in milliseconds.
public enum Clock {
    /// Milliseconds since an arbitrary start; never goes back (CLOCK_MONOTONIC). For deadlines.
    public static var monotonic: UInt64 { monotonicMicroseconds / 1000 }

    /// Microseconds of the same clock, as systemd wants them in `MONOTONIC_USEC`.
    public static var monotonicMicroseconds: UInt64 { read(CLOCK_MONOTONIC) }

    /// Milliseconds since 1970 (CLOCK_REALTIME). For what people read.
    public static var realtime: UInt64 { read(CLOCK_REALTIME) / 1000 }

    /// Nanoseconds of the same clock, for measuring.
    public static var monotonicNanoseconds: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
    }
}
