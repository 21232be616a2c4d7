import Bytes

/// Writes metrics in the text format of Prometheus, version 0.0.4, or in that of OpenMetrics 1.0.0.
public struct Exposition: Sendable {
    /// A text format.
    public enum Format: Sendable, Hashable {
        /// Prometheus, version 0.0.4.
        case prometheus
        /// OpenMetrics 1.0.0, without `_created` and exemplars.
        case openMetrics

        /// The media type.
        public var mediaType: StaticString {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    /// A label of a sample. Its value must not grow with what clients send.
    public typealias Label = (name: StaticString, value: String)

    private let format: Format
    private var bytes: [UInt8] = []

    /// An empty text.
    public init(_ format: Format) {
        self.format = format
        bytes.reserveCapacity(16 * 1024)
    }

    /// The whole text. Nothing may be added afterwards.
    public consuming func finish() -> [UInt8] {
        if format == .openMetrics { bytes.append("# EOF\n") }
        return bytes
    }

    /// Adds a number that rises and falls.
    public mutating func gauge(_ name: StaticString, _ help: StaticString, _ value: Int, _ labels: [Label] = []) {
        family(name, "gauge", help)
        sample(name, "", labels, "\(value)")
    }

    /// Adds a number that rises and falls, for each value of a label.
    public mutating func gauge(
        _ name: StaticString, _ help: StaticString, by label: StaticString, _ values: [(String, Int)]
    ) {
        family(name, "gauge", help)
        for (value, number) in values { sample(name, "", [(label, value)], "\(number)") }
    }

    /// Adds a duration in nanoseconds as seconds.
    public mutating func seconds(_ name: StaticString, _ help: StaticString, _ nanoseconds: Int) {
        family(name, "gauge", help)
        sample(name, "", [], Self.seconds(nanoseconds))
    }

    /// Adds a number that only rises.
    ///
    /// - Parameter name: without `_total`.
    public mutating func counter(_ name: StaticString, _ help: StaticString, _ value: Int) {
        counterFamily(name, help)
        sample(name, "_total", [], "\(value)")
    }

    /// Adds a number that only rises, for each value of a label.
    ///
    /// - Parameter name: without `_total`.
    public mutating func counter(
        _ name: StaticString, _ help: StaticString, by label: StaticString, _ values: [(String, Int)]
    ) {
        counterFamily(name, help)
        for (value, number) in values { sample(name, "_total", [(label, value)], "\(number)") }
    }

    /// Adds durations by bucket.
    public mutating func histogram(_ name: StaticString, _ help: StaticString, _ distribution: Distribution) {
        family(name, "histogram", help)
        var passed = 0
        for (index, bound) in Histogram.bounds.enumerated() {
            passed += distribution.counts[index]
            sample(name, "_bucket", [("le", Self.seconds(Int(bound)))], "\(passed)")
        }
        sample(name, "_bucket", [("le", "+Inf")], "\(distribution.count)")
        sample(name, "_sum", [], Self.seconds(distribution.nanoseconds))
        sample(name, "_count", [], "\(distribution.count)")
    }

    // MARK: Lines

    private mutating func counterFamily(_ name: StaticString, _ help: StaticString) {
        // Prometheus names the family like its samples, OpenMetrics without the suffix.
        family(name, "counter", help, suffix: format == .prometheus ? "_total" : "")
    }

    private mutating func family(
        _ name: StaticString, _ type: StaticString, _ help: StaticString, suffix: StaticString = ""
    ) {
        for (keyword, text) in [("# HELP ", help), ("# TYPE ", type)] as [(StaticString, StaticString)] {
            bytes.append(keyword)
            bytes.append(name)
            bytes.append(suffix)
            bytes.append(" ")
            bytes.append(text)
            bytes.append("\n")
        }
    }

    private mutating func sample(_ name: StaticString, _ suffix: StaticString, _ labels: [Label], _ value: String) {
        bytes.append(name)
        bytes.append(suffix)
        for (index, label) in labels.enumerated() {
            bytes.append(index == 0 ? "{" : ",")
            bytes.append(label.name)
            bytes.append("=\"")
            append(escaped: label.value)
            bytes.append("\"")
        }
        if !labels.isEmpty { bytes.append("}") }
        bytes.append(" ")
        bytes.append(value)
        bytes.append("\n")
    }

    private mutating func append(escaped value: String) {
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"), UInt8(ascii: "\""): bytes += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): bytes.append("\\n")
            default: bytes.append(byte)
            }
        }
    }

    /// Nanoseconds as decimal seconds, without trailing zeros.
    private static func seconds(_ nanoseconds: Int) -> String {
        let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        guard rest > 0 else { return "\(whole).0" }
        var digits = String(String(rest + 1_000_000_000).dropFirst())
        while digits.last == "0" { digits.removeLast() }
        return "\(whole).\(digits)"
    }
}
