import Broadcasting

/// Why a value cannot be used: a sentence without a full stop, to stand behind the name of the key.
public struct InvalidValue: Error, Sendable, Equatable, CustomStringConvertible {
    /// The sentence.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A value as it was written, before anyone knows what it is for.
enum Value: Sendable, Equatable {
    case integer(Int)
    case text(String)
    case boolean(Bool)
    case list([Value])
    case other

    /// A whole number; text too, since the environment and flags have only text.
    func integer(_ range: ClosedRange<Int>) throws(InvalidValue) -> Int {
        let number: Int? =
            switch self {
            case .integer(let number): number
            case .text(let text): Int(text)
            default: nil
            }
        guard let number else { throw InvalidValue("must be a whole number") }
        guard range.contains(number) else {
            throw InvalidValue("must be \(range.lowerBound) to \(range.upperBound), not \(number)")
        }
        return number
    }

    /// Milliseconds, written with a unit.
    func duration(_ range: ClosedRange<UInt64>) throws(InvalidValue) -> UInt64 {
        guard case .text(let text) = self, let value = Quantity.duration(text) else {
            throw InvalidValue("must be a time such as \"15s\", \"500ms\", \"10m\", \"1h\" or \"7d\"")
        }
        guard range.contains(value) else {
            let (low, high) = (Quantity.text(duration: range.lowerBound), Quantity.text(duration: range.upperBound))
            throw InvalidValue("must be \(low) to \(high), not \(Quantity.text(duration: value))")
        }
        return value
    }

    /// Bytes, written with a unit or as a whole number.
    func size(_ range: ClosedRange<Int>) throws(InvalidValue) -> Int {
        let value: Int? =
            switch self {
            case .integer(let number): number
            case .text(let text): Quantity.size(text)
            default: nil
            }
        guard let value else { throw InvalidValue("must be a size such as \"64KiB\", \"1MiB\" or \"2GiB\"") }
        guard range.contains(value) else {
            let (low, high) = (Quantity.text(size: range.lowerBound), Quantity.text(size: range.upperBound))
            throw InvalidValue("must be \(low) to \(high), not \(Quantity.text(size: value))")
        }
        return value
    }

    func string() throws(InvalidValue) -> String {
        guard case .text(let text) = self else { throw InvalidValue("must be text in quotation marks") }
        return text
    }

    /// Where newcomers begin: `none`, `all` or how many events.
    func replay() throws(InvalidValue) -> Replay {
        switch self {
        case .text("none"), .integer(0), .text("0"): return .none
        case .text("all"): return .all
        case .integer, .text:
            guard let count = try? integer(1...1_000_000_000) else { break }
            return .last(count)
        default: break
        }
        throw InvalidValue("must be \"none\", \"all\" or a number of events")
    }

    /// One of the words that a type knows.
    func word<Word: RawRepresentable<String> & CaseIterable>() throws(InvalidValue) -> Word {
        let text = try string()
        guard let word = Word(rawValue: text) else {
            throw InvalidValue("must be one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return word
    }

    func flag() throws(InvalidValue) -> Bool {
        switch self {
        case .boolean(let flag): return flag
        case .text("true"): return true
        case .text("false"): return false
        default: throw InvalidValue("must be true or false")
        }
    }

    func strings() throws(InvalidValue) -> [String] {
        guard case .list(let values) = self else { throw InvalidValue("must be a list such as [\"a\", \"b\"]") }
        var strings: [String] = []
        for value in values { strings.append(try value.string()) }
        return strings
    }
}

/// Times and sizes with units.
enum Quantity {
    private static let times: [(String, UInt64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]
    private static let sizes: [(String, Int)] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1)]

    static func duration(_ text: String) -> UInt64? { parse(text, times) }

    static func size(_ text: String) -> Int? { Int(text) ?? parse(text, sizes) }

    /// The largest unit that divides it.
    static func text(duration: UInt64) -> String { write(duration, times) }

    static func text(size: Int) -> String { write(size, [sizes[3], sizes[0], sizes[1], sizes[2]]) }

    static func text(replay: Replay) -> String {
        switch replay {
        case .none, .since: "\"none\""
        case .all: "\"all\""
        case .last(let count): "\(count)"
        }
    }

    /// As it stands between the quotation marks of TOML.
    static func escaped(_ text: String) -> String {
        text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }.map(String.init).joined()
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
