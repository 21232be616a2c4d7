import Glibc

/// What can be told about the machine.
public enum Machine {
    /// Names the time since the machine was started; empty when the kernel does not say.
    public static var bootID: String {
        guard let file = try? Descriptor.open("/proc/sys/kernel/random/boot_id", O_RDONLY) else { return "" }
        var buffer = [UInt8](repeating: 0, count: 64)
        guard case .bytes(let count) = file.read(into: &buffer) else { return "" }
        return String(decoding: buffer[..<count].filter { $0 > 0x20 }, as: UTF8.self)
    }
}
