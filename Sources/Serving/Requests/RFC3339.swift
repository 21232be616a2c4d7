import Kernel

/// Parses moments (RFC 3339 section 5.6).
enum RFC3339 {
    /// Milliseconds since 1970; nil for a text that is no moment, or for one before 1970.
    static func milliseconds(_ text: String) -> UInt64? {
        var rest = Array(text.utf8)[...]
        guard let year = digits(4, &rest), skip("-", &rest), let month = digits(2, &rest), skip("-", &rest),
            let day = digits(2, &rest), skip("Tt ", &rest), let hour = digits(2, &rest), skip(":", &rest),
            let minute = digits(2, &rest), skip(":", &rest), let second = digits(2, &rest),
            let date = CivilDate(year: year, month: month, day: day), hour < 24, minute < 60, second <= 60
        else { return nil }
        var milliseconds = 0
        if skip(".", &rest) {
            let fraction = rest.prefix { (0x30...0x39).contains($0) }
            guard !fraction.isEmpty else { return nil }
            rest = rest.dropFirst(fraction.count)
            for place in 0..<3 {
                milliseconds =
                    milliseconds * 10 + (place < fraction.count ? Int(fraction[fraction.startIndex + place]) - 0x30 : 0)
            }
        }
        guard let offset = offset(&rest), rest.isEmpty else { return nil }
        let seconds = ((date.daysSince1970 * 24 + hour) * 60 + minute - offset) * 60 + second
        return seconds < 0 ? nil : UInt64(seconds * 1000 + milliseconds)
    }

    /// Minutes east of Greenwich.
    private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int? {
        if skip("Zz", &rest) { return 0 }
        // In a query, a plus that the client did not encode has become a space.
        let sign = rest.first == 0x2D ? -1 : 1
        guard skip("+- ", &rest), let hours = digits(2, &rest), skip(":", &rest), let minutes = digits(2, &rest),
            hours < 24, minutes < 60
        else { return nil }
        return sign * (hours * 60 + minutes)
    }

    private static func digits(_ count: Int, _ rest: inout ArraySlice<UInt8>) -> Int? {
        let part = rest.prefix(count)
        guard part.count == count, part.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        rest = rest.dropFirst(count)
        return part.reduce(0) { $0 * 10 + Int($1) - 0x30 }
    }

    private static func skip(_ allowed: String, _ rest: inout ArraySlice<UInt8>) -> Bool {
        guard let first = rest.first, allowed.utf8.contains(first) else { return false }
        rest = rest.dropFirst()
        return true
    }
}
