import Access
import Broadcasting

/// A value as written, before its key gives it a type.
enum Value: Sendable, Equatable {
    case integer(Int)
    case text(String)
    case boolean(Bool)
    case list([Value])
    case other

    /// A whole number, or text that is one: the environment and flags contain only text.
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

    /// A time, from text with a unit.
    func duration(
        _ range: ClosedRange<UInt64>, in unit: Quantity.TimeUnit = .milliseconds
    ) throws(InvalidValue) -> UInt64 {
        guard case .text(let text) = self, let value = Quantity.duration(text, in: unit) else {
            throw InvalidValue("must be a time such as \(unit.examples)")
        }
        guard range.contains(value) else {
            let (low, high, given) = (
                Quantity.text(duration: range.lowerBound, in: unit),
                Quantity.text(duration: range.upperBound, in: unit), Quantity.text(duration: value, in: unit)
            )
            throw InvalidValue("must be \(low) to \(high), not \(given)")
        }
        return value
    }

    /// Bytes, from text with a unit or a whole number.
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

    /// A number in a time, such as `100/s` or `10/m`; `0/s` is no limit.
    func rate() throws(InvalidValue) -> Rate {
        guard case .text(let text) = self, let rate = Quantity.rate(text) else {
            throw InvalidValue("must be a rate such as \"100/s\", \"10/m\" or \"1000/h\"; \"0/s\" is no limit")
        }
        return rate
    }

    func string() throws(InvalidValue) -> String {
        guard case .text(let text) = self else { throw InvalidValue("must be text in quotation marks") }
        return text
    }

    /// The replay of new subscribers: `none`, `all` or a number of events.
    func replay() throws(InvalidValue) -> ReplayStart {
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

    /// One of the words of an enumeration.
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
