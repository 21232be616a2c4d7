/// A signed token as three parts of Base64url between dots (RFC 7515 section 3.1). Nothing in it has been verified.
public struct CompactToken: Sendable, Hashable {
    /// The most bytes of a token.
    public static let limit = 16 * 1024

    /// The protected header, JSON.
    public let header: [UInt8]
    /// The payload; the claims of a JSON Web Token.
    public let payload: [UInt8]
    /// The signature.
    public let signature: [UInt8]
    /// What the signature signs: the first two parts and the dot between them, as they came.
    public let signed: ArraySlice<UInt8>

    /// Splits and decodes a token.
    ///
    /// - Throws: ``TokenFault/tooLong`` or ``TokenFault/unknown``.
    public init(_ token: [UInt8]) throws(TokenFault) {
        guard token.count <= Self.limit else { throw .tooLong }
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        // An empty signature is the unsigned token of RFC 7519 section 6.
        guard parts.count == 3, !parts[0].isEmpty, !parts[1].isEmpty,
            let header = Base64URL.decode(parts[0]), let payload = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2])
        else { throw .unknown }
        self.header = header
        self.payload = payload
        self.signature = signature
        signed = token[..<parts[1].endIndex]
    }
}
