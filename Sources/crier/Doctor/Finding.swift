/// A finding of `crier doctor` about one thing.
struct Finding: Encodable {
    /// How it is.
    enum Status: String, Encodable {
        case ok, warning, failed
        /// It could not be found out.
        case skipped
    }

    /// The thing.
    enum Check: String, Encodable, CaseIterable {
        case connection, certificate, status, type, buffering, compression, origin, position, timeout, connections
        case descriptors, backlog, clock
    }

    let check: Check
    let status: Status
    /// The finding, as a sentence.
    let sentence: String
    /// The remedy, as a sentence; nil when none is needed.
    let fix: String?

    private enum CodingKeys: CodingKey {
        case check, status, sentence, fix
    }

    /// Every finding has all members: the fix is null when there is none.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(check, forKey: .check)
        try container.encode(status, forKey: .status)
        try container.encode(sentence, forKey: .sentence)
        try container.encode(fix, forKey: .fix)
    }

    init(_ check: Check, _ status: Status, _ sentence: String, fix: String? = nil) {
        (self.check, self.status, self.sentence, self.fix) = (check, status, sentence, fix)
    }
}
