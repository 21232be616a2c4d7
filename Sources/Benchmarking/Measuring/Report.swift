/// The results of a benchmark.
public struct Report: Sendable {
    /// The private memory of the server in bytes.
    public struct Memory: Sendable {
        /// Before the first subscriber connected.
        public let before: UInt64
        /// After all subscribers had connected and before the first event.
        public let idle: UInt64
        /// The most while measuring.
        public let peak: UInt64
    }

    let workload: Workload
    let measurements: Measurements
    /// Events that immediate subscribers should have received and did not.
    public let lost: Int
    let seconds: Double
    let published: Int
    let delivered: Int
    let bytes: Int
    /// The server's processor time in nanoseconds, while measuring.
    let processor: UInt64?
    let arrivalSeconds: Double
    /// The same, while the subscribers connected.
    let arrivalProcessor: UInt64?
    let memory: Memory?

    /// Whether every immediate subscriber received every event once, whole and in order, and no request failed.
    public var isFlawless: Bool {
        lost == 0 && measurements.missed == 0 && measurements.repeated == 0 && measurements.damaged == 0
            && measurements.failures == 0
    }

    /// Whether the process that should be the server's did nothing although events were published.
    public var isServerIdle: Bool { published > 0 && processor.map { $0 < 100_000 } == true }

    /// The subscribers whose stream was opened.
    private var arrivals: Int { Int(measurements.connect.count) }

    /// A number with its section, name and unit.
    private struct Figure {
        let section: String
        let name: String
        let value: Double
        let unit: String
    }

    private var figures: [Figure] {
        var figures: [Figure] = []
        func add(_ section: String, _ name: String, _ value: Double, _ unit: String) {
            figures.append(Figure(section: section, name: name, value: value, unit: unit))
        }
        func add(_ section: String, _ latencies: Latencies) {
            guard latencies.count > 0 else { return }
            for (name, percent) in [("p50", 50.0), ("p99", 99), ("p99.9", 99.9)] {
                add(section, name, Double(latencies.percentile(percent)) / 1000, "ms")
            }
            add(section, "max", Double(latencies.longest) / 1000, "ms")
        }
        add("arrival", "connections", Double(arrivals), "")
        if arrivals > 0 { add("arrival", "rate", Double(arrivals) / arrivalSeconds, "/s") }
        if arrivals > 0, let arrivalProcessor {
            add("arrival", "cpu", Double(arrivalProcessor) / 1000 / Double(arrivals), "us")
        }
        add("arrival", measurements.connect)
        add("publish", "rate", Double(published) / seconds, "/s")
        add("publish", measurements.answer)
        add("delivery", "rate", Double(delivered) / seconds, "/s")
        if delivered > 0 {
            if let processor { add("delivery", "cpu", Double(processor) / 1000 / Double(delivered), "us") }
            add("delivery", "bytes", Double(bytes) / Double(delivered), "B")
        }
        add("delivery", measurements.delivery)
        add("visit", measurements.connectOnly)
        if let processor { add("server", "cpu", Double(processor) / 1e9 / seconds, "cores") }
        if let memory {
            add("memory", "before", Double(memory.before) / 1024, "KiB")
            add("memory", "idle", Double(memory.idle) / 1024, "KiB")
            let growth = Double(memory.idle) - Double(memory.before)
            if arrivals > 0 { add("memory", "subscriber", growth / Double(arrivals), "B") }
            add("memory", "peak", Double(memory.peak) / 1024, "KiB")
        }
        return figures
    }

    private var verdict: [(name: String, count: Int)] {
        [
            ("lost", lost), ("missed", measurements.missed), ("repeated", measurements.repeated),
            ("damaged", measurements.damaged),
            ("failures", measurements.failures), ("cut", measurements.cut), ("skipped", measurements.skipped),
        ]
    }

    /// The report as a table for people.
    public var table: String {
        var lines: [String] = []
        for figure in figures {
            let name = "\(figure.section) \(figure.name)"
            let value = Self.text(figure.value)
            lines.append(
                Self.padded(name, 20) + String(repeating: " ", count: max(1, 14 - value.count)) + value
                    + " \(figure.unit)")
        }
        if isFlawless {
            lines.append("Every subscriber got every event once, whole and in order: \(measurements.received) events.")
        } else {
            lines.append("NOT every subscriber got every event once, whole and in order:")
            lines += verdict.filter { $0.count > 0 }.map { "  \($0.name) \($0.count)" }
            if let first = measurements.firstFailure { lines.append("  the first failure: \(first)") }
        }
        if measurements.cut > 0 { lines.append("Slow subscribers that the server disconnected: \(measurements.cut)") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The report as a JSON object for programs: numbers, each named section.name.unit, and `flawless`.
    public var json: String {
        let numbers = figures.map { figure in
            let unit = figure.unit.isEmpty ? "" : "." + (figure.unit == "/s" ? "per_second" : figure.unit)
            return "\"\(figure.section).\(figure.name)\(unit)\":\(figure.value.isFinite ? "\(figure.value)" : "null")"
        }
        let counts = verdict.map { "\"\($0.name)\":\($0.count)" }
        return "{" + (numbers + counts + ["\"flawless\":\(isFlawless)"]).joined(separator: ",") + "}\n"
    }

    private static func text(_ value: Double) -> String {
        if value >= 1000 { return "\(Int(value.rounded()))" }
        let hundredths = Int((abs(value) * 100).rounded())
        let digits = hundredths % 100 < 10 ? "0\(hundredths % 100)" : "\(hundredths % 100)"
        return (value < 0 ? "-" : "") + "\(hundredths / 100).\(digits)"
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
