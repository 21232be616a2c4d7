/// The field in which a trusted proxy names the client.
public enum ForwardedFieldName: String, Sendable, CaseIterable {
    /// `X-Forwarded-For`.
    case xForwardedFor = "x-forwarded-for"
    /// `Forwarded` (RFC 7239).
    case forwarded
}
