/// Names a subscriber: 128 random bits, never chosen by the client.
struct SessionID: Hashable, Sendable, CustomStringConvertible {
    let high: UInt64
    let low: UInt64

    /// The id as 32 hexadecimal digits.
    var description: String {
        [high, low].map { number in
            let digits = String(number, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    /// Reads ``description``; nil for every other text.
    init?(_ text: String) {
        let digits = Array(text.utf8)
        let isValid =
            digits.count == 32 && digits.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard isValid, let high = UInt64(text.prefix(16), radix: 16), let low = UInt64(text.suffix(16), radix: 16)
        else {
            return nil
        }
        self.init(high: high, low: low)
    }

    static func random(using generator: inout some RandomNumberGenerator) -> SessionID {
        SessionID(high: generator.next(), low: generator.next())
    }
}
