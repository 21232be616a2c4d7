/// Writes moments (RFC 3339 section 5.6).
enum Timestamp {
    /// A moment, in milliseconds since 1970, in UTC.
    static func text(_ milliseconds: UInt64) -> String {
        let seconds = Int(milliseconds / 1000)
        let (year, month, day) = date(seconds / 86_400)
        let clock = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }.joined(separator: ":")
        return
            "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(clock).\(padded(Int(milliseconds % 1000), 3))Z"
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = "\(number)"
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }

    /// The date of a day, counted from 1970. Years begin in March here, so that a leap day is the last of a year.
    private static func date(_ day: Int) -> (year: Int, month: Int, day: Int) {
        let day = day + 719_468
        let (era, dayOfEra) = day.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let isAfterDecember = month >= 10
        return (
            era * 400 + yearOfEra + (isAfterDecember ? 1 : 0), isAfterDecember ? month - 9 : month + 3,
            dayOfYear - (153 * month + 2) / 5 + 1
        )
    }
}
