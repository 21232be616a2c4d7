import HTTPMessages

/// The form in which a stream gets events, chosen when the stream begins.
enum StreamForm: UInt8, CaseIterable {
    /// Events in chunks, for HTTP/1.1.
    case chunked
    /// Bare events, for HTTP/1.0.
    case bare
    /// Envelopes in chunks.
    case chunkedEnvelope
    /// Bare envelopes.
    case bareEnvelope

    init(_ framing: StreamFraming, isEnveloped: Bool) {
        switch framing {
        case .chunked: self = isEnveloped ? .chunkedEnvelope : .chunked
        case .untilClose: self = isEnveloped ? .bareEnvelope : .bare
        }
    }

    var framing: StreamFraming {
        switch self {
        case .chunked, .chunkedEnvelope: .chunked
        case .bare, .bareEnvelope: .untilClose
        }
    }

    /// Whether the data of an event also says which channel it came from.
    var isEnveloped: Bool {
        switch self {
        case .chunked, .bare: false
        case .chunkedEnvelope, .bareEnvelope: true
        }
    }
}
