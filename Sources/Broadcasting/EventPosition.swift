/// Names one incarnation of the log. It changes whenever sequence numbers could start again, so that a position of
/// an earlier incarnation is never mistaken for one of this.
public struct Epoch: Sendable, Hashable, CustomStringConvertible {
    /// Lower-case letters and digits only: an id with other characters would be preflighted by browsers.
    public let description: String

    /// A new incarnation: 40 random bits.
    public static func random() -> Epoch {
        Epoch(description: String(UInt64.random(in: 1 << 36..<1 << 40), radix: 36))
    }

    /// An epoch by its text; for tests and for logs that outlive the process.
    public init(description: String) {
        self.description = description
    }
}

/// A place in the log, as it stands in `id:` lines: `<epoch>-<sequence>`.
public struct EventPosition: Sendable, Hashable, CustomStringConvertible {
    /// The incarnation of the log.
    public let epoch: Epoch
    /// The number of the event; the first has 1.
    public let sequence: UInt64

    /// A place.
    public init(epoch: Epoch, sequence: UInt64) {
        self.epoch = epoch
        self.sequence = sequence
    }

    /// Reads an id of ours; nil for anything else, leading zeros and signs included, so that each position has one
    /// spelling only.
    public init?(_ text: String) {
        guard let dash = text.lastIndex(of: "-") else { return nil }
        let digits = text[text.index(after: dash)...]
        guard let sequence = UInt64(digits), String(sequence) == digits, dash > text.startIndex else { return nil }
        self.init(epoch: Epoch(description: String(text[..<dash])), sequence: sequence)
    }

    /// The id.
    public var description: String { "\(epoch)-\(sequence)" }
}
