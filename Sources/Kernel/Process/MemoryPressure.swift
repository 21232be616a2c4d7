import Glibc

/// Tells when the machine, or the control group of this process, has too little memory. The corresponding interface is that
/// of `PSI` (`/proc/pressure`), as systemd passes it on (MEMORY_PRESSURE_WATCH).
public final class MemoryPressure: Sendable {
    /// For a poller to watch.
    public let descriptor: Descriptor
    private let isPipe: Bool

    /// When tasks have waited for memory for 150 ms of 2 s, as systemd's own services ask.
    private static let threshold = "some 150000 2000000"

    /// Watches what systemd names, or the whole machine. Nil when neither is possible, or nobody wants it.
    public init?() {
        let path = Environment["MEMORY_PRESSURE_WATCH"] ?? "/proc/pressure/memory"
        guard path != "/dev/null", let file = try? Descriptor.open(path, O_RDWR | O_NONBLOCK) else { return nil }
        var status = stat()
        guard unsafe fstat(file.number, &status) == 0 else { return nil }
        let isPipe = status.st_mode & S_IFMT == S_IFIFO
        if !isPipe {
            guard case .wrote = file.write(Array(Self.threshold.utf8) + [0]) else { return nil }
        }
        self.isPipe = isPipe
        descriptor = file
    }

    /// Whether a report of a poller means that there is too little memory: the kernel's file can always be read.
    public func isRaised(_ readiness: Readiness) -> Bool { readiness.contains(isPipe ? .input : .urgent) }

    /// Forgets the pressure so far. The kernel's own file forgets it when a poller has reported it.
    public func clear() {
        guard isPipe else { return }
        var bytes = [UInt8](repeating: 0, count: 64)
        _ = descriptor.read(into: &bytes)
    }
}
