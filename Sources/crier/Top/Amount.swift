/// Writes numbers for people, in few characters.
enum Amount {
    /// A number: `12,345`, or `1.2 M` from a million on.
    static func text(_ number: Int) -> String {
        if number >= 1_000_000_000 { return "\(tenths(Double(number) / 1e9)) G" }
        if number >= 1_000_000 { return "\(tenths(Double(number) / 1e6)) M" }
        let digits = Array("\(number)")
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3), digit.isNumber { text += "," }
            text.append(digit)
        }
        return text
    }

    /// A number in a second: with a decimal below ten.
    static func text(rate: Double) -> String { rate < 10 ? tenths(rate) : text(whole(rate)) }

    /// Bytes: `512 B`, `1.5 MiB`.
    static func text(bytes: Double) -> String {
        var (amount, unit) = (max(0, bytes), 0)
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        while amount >= 1024, unit < units.count - 1 { (amount, unit) = (amount / 1024, unit + 1) }
        return unit == 0 ? "\(whole(amount)) B" : "\(tenths(amount)) \(units[unit])"
    }

    /// The nearest whole number, as far as there is one: a daemon may send anything.
    private static func whole(_ number: Double) -> Int { Int(exactly: number.rounded()) ?? (number > 0 ? .max : .min) }

    private static func tenths(_ number: Double) -> String {
        let tenths = whole(number * 10)
        return tenths >= 1000 || tenths.isMultiple(of: 10) ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
