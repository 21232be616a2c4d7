import Kernel

/// Reads the dates of HTTP and of certificates.
enum HTTPDate {
    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

    /// Seconds since 1970 of an IMF-fixdate such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7); nil for
    /// anything else.
    static func seconds(_ text: String) -> Int? {
        let parts = text.split { " ,".contains($0) }.map(String.init)
        guard parts.count == 6 else { return nil }
        return seconds(day: parts[1], month: parts[2], year: parts[3], clock: parts[4])
    }

    /// Seconds since 1970 of a moment in UTC, from its parts.
    static func seconds(day: String, month: String, year: String, clock: String) -> Int? {
        let times = clock.split(separator: ":").compactMap { Int($0) }
        // A server may send anything.
        guard let month = months.firstIndex(of: month.lowercased()), let day = Int(day), let year = Int(year),
            let date = CivilDate(year: year, month: month + 1, day: day), times.count == 3,
            times.allSatisfy({ (0...60).contains($0) })
        else { return nil }
        return ((date.daysSince1970 * 24 + times[0]) * 60 + times[1]) * 60 + times[2]
    }
}
