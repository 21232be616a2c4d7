/// Names one life of the log. It changes whenever sequence numbers could start again, so that crier never mistakes a
/// position of an earlier log for one of this log.
public struct Epoch: Sendable, Hashable, CustomStringConvertible {
    /// Digits and lower-case a to z only: browsers preflight a Last-Event-ID with other characters.
    public let description: String

    /// What stands before the number of an event in its id line.
    var prefix: [UInt8] { Array("id: \(description)-".utf8) }

    /// A new epoch: a random number below 2^40 in base 36, 8 characters at most.
    public static func random() -> Epoch {
        Epoch(description: String(UInt64.random(in: 1 << 36..<1 << 40), radix: 36))
    }

    /// An epoch by its text, for tests and for logs that survive the process.
    public init(description: String) {
        self.description = description
    }
}
