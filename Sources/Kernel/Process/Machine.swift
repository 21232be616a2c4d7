import Glibc

/// Facts about the machine.
public enum Machine {
    /// The name of the machine, as `hostname` prints it.
    public static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// An identifier that changes with each boot of the machine; empty when the kernel gives none.
    public static var bootID: String {
        guard let file = try? Descriptor.open("/proc/sys/kernel/random/boot_id", O_RDONLY) else { return "" }
        var buffer = [UInt8](repeating: 0, count: 64)
        guard case .bytes(let count) = file.read(into: &buffer) else { return "" }
        return String(decoding: buffer[..<count].filter { $0 > 0x20 }, as: UTF8.self)
    }
}
