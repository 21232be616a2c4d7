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

    /// The number of processors this process may run on, at least one.
    public static var processors: Int { max(1, Int(get_nprocs())) }
}
