import Kernel

/// Reads the end of a certificate, as curl writes it.
enum CertificateDate {
    /// Whole days from now until a moment such as `Nov 30 12:00:00 2026 GMT`; nil for anything else.
    static func days(until text: String) -> Int? {
        let parts = text.split(separator: " ").map(String.init)
        guard parts.count >= 4,
            let end = HTTPDate.seconds(day: parts[1], month: parts[0], year: parts[3], clock: parts[2])
        else { return nil }
        let left = end - Int(Clock.realtime / 1000)
        return left >= 0 ? left / 86_400 : -1 - (-left - 1) / 86_400
    }
}
