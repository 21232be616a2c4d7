import CLinux
import Glibc

/// The memory of this process.
public enum ProcessMemory {
    /// Makes this process the first that the kernel ends when there is no memory left.
    public static func endFirst() {
        let file = try? Descriptor.open("/proc/self/oom_score_adj", O_WRONLY)
        if let file { _ = file.write(Array("1000".utf8)) }
    }

    /// Returns freed memory to the kernel. The allocator does not do so by itself for memory below a block that is
    /// still in use. The corresponding C function is `malloc_trim`.
    public static func trim() {
        _ = malloc_trim(0)
    }
}
