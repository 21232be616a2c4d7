import CLinux
import Glibc

/// The memory of this process.
public enum ProcessMemory {
    /// Makes this process the first that the kernel ends when there is no memory left.
    public static func endFirst() {
        let file = try? Descriptor.open("/proc/self/oom_score_adj", O_WRONLY)
        if let file { _ = file.write(Array("1000".utf8)) }
    }

    /// Bytes of this process that are in memory.
    public static var resident: Int? {
        guard let file = try? Descriptor.open("/proc/self/statm", O_RDONLY),
            let text = try? String(decoding: file.readToEnd(limit: 4096), as: UTF8.self)
        else { return nil }
        return text.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 4096 }
    }

    /// Returns freed memory to the kernel. The allocator does not do so by itself for memory below a block that is
    /// still in use. The corresponding C function is `malloc_trim`.
    public static func trim() {
        _ = malloc_trim(0)
    }
}
