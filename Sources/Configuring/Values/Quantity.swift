import Access
import Broadcasting

/// Parses and prints times and sizes with units.
enum Quantity {
    /// What a time is counted in.
    enum TimeUnit {
        case milliseconds, microseconds

        /// The units of its texts, smallest first.
        fileprivate var units: [(String, UInt64)] {
            switch self {
            case .milliseconds: [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)]
            case .microseconds: [("us", 1), ("ms", 1000), ("s", 1_000_000)]
            }
        }

        /// For the message about a text that is no time.
        var examples: String {
            switch self {
            case .milliseconds: "\"15s\", \"500ms\", \"10m\", \"1h\" or \"7d\""
            case .microseconds: "\"50us\" or \"1ms\""
            }
        }
    }

    private static let sizes: [(String, Int)] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1)]

    static func duration(_ text: String, in unit: TimeUnit = .milliseconds) -> UInt64? { parse(text, unit.units) }

    static func size(_ text: String) -> Int? { Int(text) ?? parse(text, sizes) }

    /// The time with the largest unit that divides it.
    static func text(duration: UInt64, in unit: TimeUnit = .milliseconds) -> String { write(duration, unit.units) }

    static func text(size: Int) -> String { write(size, [sizes[3], sizes[0], sizes[1], sizes[2]]) }

    static func text(replay: ReplayStart) -> String {
        switch replay {
        case .none, .since: "\"none\""
        case .all: "\"all\""
        case .last(let count): "\(count)"
        }
    }

    private static let periods: [(String, UInt64)] = [("s", 1000), ("m", 60_000), ("h", 3_600_000)]

    static func rate(_ text: String) -> Rate? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let period = periods.first(where: { $0.0 == parts[1] })?.1,
            parts[0].allSatisfy({ $0.isASCII && $0.isNumber }), let count = Int(parts[0]), count <= 1_000_000_000
        else { return nil }
        return count == 0 ? .unlimited : Rate(count: count, period: period)
    }

    static func text(rate: Rate) -> String {
        "\(rate.count)/\(periods.first { $0.1 == rate.period }?.0 ?? "s")"
    }

    /// The text escaped for a quoted TOML string.
    static func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"", "\\": return "\\\(scalar)"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: return String(scalar)
            }
        }.joined()
    }

    private static func parse<Number: FixedWidthInteger>(_ text: String, _ units: [(String, Number)]) -> Number? {
        for (unit, factor) in units where text.hasSuffix(unit) {
            let digits = text.dropLast(unit.count)
            guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Number(digits) else { continue }
            let (product, overflow) = number.multipliedReportingOverflow(by: factor)
            return overflow ? nil : product
        }
        return nil
    }

    private static func write<Number: FixedWidthInteger>(_ value: Number, _ units: [(String, Number)]) -> String {
        let (unit, factor) = units.last { value != 0 && value % $0.1 == 0 } ?? units[0]
        return "\(value / factor)\(unit)"
    }
}
