import CLinux
import Glibc

/// The limits of this process.
public enum ProcessLimits {
    /// Raises the soft limit on descriptors to the hard one and returns it. The corresponding C function is
    /// `setrlimit`.
    public static func raiseDescriptorLimit() -> Int {
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        if limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// Makes the kernel's table of descriptors large enough for so many. Otherwise the kernel enlarges it at 256
    /// descriptors, 512 and so on, and lets the thread that accepts a connection wait for 10 to 20 ms each time, once
    /// there are several threads. The table takes 8 bytes for each.
    public static func reserveDescriptors(_ count: Int) {
        let number = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, CInt(clamping: count - 1))
        if number >= 0 { close(number) }
    }

    /// The number of processors this process may run on, at least one.
    public static var processors: Int { max(1, Int(get_nprocs())) }
}
