import CLinux

/// Memory that the process has from the kernel.
public enum ProcessMemory {
    /// Gives back what has been freed. Left alone, the allocator keeps free memory below anything that is still in use,
    /// for as long as that is. The corresponding C function is `malloc_trim`.
    public static func giveBack() {
        _ = malloc_trim(0)
    }
}
