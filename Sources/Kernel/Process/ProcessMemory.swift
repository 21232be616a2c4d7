import CLinux

/// The memory of this process.
public enum ProcessMemory {
    /// Returns freed memory to the kernel. The allocator does not do so by itself for memory below a block that is
    /// still in use. The corresponding C function is `malloc_trim`.
    public static func trim() {
        _ = malloc_trim(0)
    }
}
