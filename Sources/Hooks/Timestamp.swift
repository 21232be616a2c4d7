import Kernel

/// Writes moments (RFC 3339 section 5.6).
enum Timestamp {
    /// A moment, in milliseconds since 1970, in UTC.
    static func text(_ milliseconds: UInt64) -> String {
        let seconds = Int(milliseconds / 1000)
        let date = CivilDate(daysSince1970: seconds / 86_400)
        let clock = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }.joined(separator: ":")
        let day = "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
        return "\(day)T\(clock).\(padded(Int(milliseconds % 1000), 3))Z"
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = "\(number)"
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
