import Glibc
import Kernel
import SystemPackage

/// A process and its children, from `/proc`.
struct ServerProcess: Sendable {
    let pid: Int32

    /// The processor time of all threads in nanoseconds.
    var processorTime: UInt64 {
        family.reduce(0) { sum, pid in
            Directory.names("/proc/\(pid)/task").reduce(sum) { sum, thread in
                // The scheduler's own count in nanoseconds (proc(5)); `stat` counts only ticks of 10 ms.
                sum + (Self.numbers("/proc/\(pid)/task/\(thread)/schedstat").first ?? 0)
            }
        }
    }

    /// Private memory in bytes: anonymous pages, and a share of shared pages without a file.
    var memory: UInt64 {
        family.reduce(0) { sum, pid in
            let lines = Self.text("/proc/\(pid)/smaps_rollup").split(separator: "\n")
            return lines.filter { $0.hasPrefix("Pss_Anon:") || $0.hasPrefix("Pss_Shmem:") }.reduce(sum) { sum, line in
                sum + 1024 * (line.split(separator: " ").dropFirst().first.flatMap { UInt64($0) } ?? 0)
            }
        }
    }

    /// Whether the process exists and its memory is readable.
    var isVisible: Bool { !Self.text("/proc/\(pid)/smaps_rollup").isEmpty }

    private var family: [Int32] {
        var parents: [Int32: Int32] = [:]
        for name in Directory.names("/proc") {
            guard let pid = Int32(name) else { continue }
            // The name in parentheses may contain any character, so read the fields after the last parenthesis.
            let fields = Self.text("/proc/\(pid)/stat").split(separator: ")").last?.split(separator: " ") ?? []
            if fields.count > 1 { parents[pid] = Int32(fields[1]) }
        }
        var family = [pid]
        var next = 0
        while next < family.count {
            family += parents.filter { $0.value == family[next] }.keys
            next += 1
        }
        return family
    }

    private static func numbers(_ path: String) -> [UInt64] {
        text(path).split { $0 == " " || $0 == "\n" }.compactMap { UInt64($0) }
    }

    /// The text of a file; empty when there is none, because the process has ended.
    private static func text(_ path: String) -> String {
        guard let file = try? Descriptor.open(path, O_RDONLY) else { return "" }
        var bytes = [UInt8](repeating: 0, count: 16 * 1024)
        guard case .bytes(let count) = file.read(into: &bytes) else { return "" }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
