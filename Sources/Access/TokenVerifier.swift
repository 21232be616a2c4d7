/// Finds the grant of a token.
public protocol TokenVerifier: Sendable {
    /// The grant of a token that is known already; nil when ``verify(_:now:_:)`` must find out. It takes only microseconds.
    ///
    /// - Parameter now: milliseconds since 1970.
    func knownGrant(_ token: [UInt8], now: UInt64) -> Grant?

    /// Verifies a token on another thread.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - answer: gets the grant, on that thread.
    /// - Returns: false when too many tokens wait; then `answer` gets nothing.
    func verify(
        _ token: [UInt8], now: UInt64, _ answer: @escaping @Sendable (Result<Grant, TokenFault>) -> Void
    ) -> Bool
}
