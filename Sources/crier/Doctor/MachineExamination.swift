import FoundationEssentials
import Kernel

/// Looks at the limits of this machine, when the daemon runs on it.
struct MachineExamination {
    /// Fewer descriptors than this are too few for a daemon whose every subscriber needs one.
    private static let descriptors = 65_536
    /// Connections that may wait to be accepted. After a network failure all clients come back at once.
    private static let backlog = 4096

    /// Everything that it finds.
    func findings() -> [Finding] { daemons().map(descriptors) + [backlog()] }

    /// The processes of crier on this machine, without this one.
    private func daemons() -> [Int] {
        Directory.names("/proc").compactMap { Int($0) }.filter { process in
            guard Self.text("/proc/\(process)/comm") == "crier\n" else { return false }
            return Self.text("/proc/\(process)/cmdline")?.split(separator: "\0").dropFirst().first == "serve"
        }.sorted()
    }

    private func descriptors(of process: Int) -> Finding {
        let line = Self.text("/proc/\(process)/limits")?.split(separator: "\n").first { $0.hasPrefix("Max open files") }
        // Name, soft limit, hard limit, unit. crier raises the soft limit by itself.
        guard let limit = line?.split(separator: " ").dropFirst(4).first.flatMap({ Int($0) }) else {
            return Finding(.descriptors, .skipped, "The limits of process \(process) cannot be read. Run this as root.")
        }
        guard limit >= Self.descriptors else {
            return Finding(
                .descriptors, .warning,
                "Process \(process) may have \(limit) descriptors, and so about \(max(0, limit - 128)) connections.",
                fix: "Raise the limit: LimitNOFILE=1048576 in the unit (systemctl edit crier), or ulimit -n in a shell."
            )
        }
        return Finding(.descriptors, .ok, "Process \(process) may have \(limit) descriptors.")
    }

    private func backlog() -> Finding {
        guard let text = Self.text("/proc/sys/net/core/somaxconn"), let limit = Int(text.prefix { $0.isNumber }) else {
            return Finding(.backlog, .skipped, "net.core.somaxconn cannot be read.")
        }
        guard limit >= Self.backlog else {
            return Finding(
                .backlog, .warning,
                "No more than \(limit) connections wait to be accepted: when many clients come back at once, some are refused.",
                fix: "Raise the limit: sysctl -w net.core.somaxconn=65535, and the same in /etc/sysctl.d/crier.conf.")
        }
        return Finding(.backlog, .ok, "Up to \(limit) connections wait to be accepted.")
    }

    private static func text(_ path: String) -> String? {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? nil
    }
}
