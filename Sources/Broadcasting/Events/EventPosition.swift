import Bytes

/// A position in the log, as `id:` lines carry it: `<epoch>-<sequence>`.
public struct EventPosition: Sendable, Hashable, CustomStringConvertible {
    /// The life of the log in which the number is valid.
    public let epoch: Epoch
    /// The number of the event; the first event has 1, and 0 is before it.
    public let sequence: UInt64

    /// A position.
    public init(epoch: Epoch, sequence: UInt64) {
        self.epoch = epoch
        self.sequence = sequence
    }

    /// Parses an id that crier gave. Nil for every other text, also for one with a sign or leading zeros: each position
    /// has only one spelling.
    public init?(_ text: String) {
        guard let dash = text.lastIndex(of: "-") else { return nil }
        let digits = text[text.index(after: dash)...]
        guard let sequence = UInt64(digits), String(sequence) == digits, dash > text.startIndex else { return nil }
        self.init(epoch: Epoch(description: String(text[..<dash])), sequence: sequence)
    }

    /// The id.
    public var description: String {
        var id: [UInt8] = []
        id.reserveCapacity(32)
        id.append(epoch.description)
        id.append(UInt8(ascii: "-"))
        id.append(decimal: sequence)
        return String(decoding: id, as: UTF8.self)
    }
}
