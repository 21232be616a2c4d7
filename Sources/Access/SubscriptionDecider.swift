/// Decides about subscriptions of callers that show no token.
public protocol SubscriptionDecider: Sendable {
    /// The names of the fields of a request that a question has, in lower case.
    var fields: [String] { get }

    /// The grant for a question that was answered a short time ago; nil when ``ask(_:now:_:)`` must find out. It takes only
    /// microseconds.
    ///
    /// - Parameter now: milliseconds since 1970.
    func knownGrant(_ question: SubscriptionQuestion, now: UInt64) -> Grant?

    /// Asks on another thread.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - answer: gets the grant, which is empty when the caller may not subscribe, or ``TokenFault/undecided``.
    /// - Returns: false when too many questions wait; then `answer` gets nothing.
    func ask(
        _ question: SubscriptionQuestion, now: UInt64, _ answer: @escaping @Sendable (Result<Grant, TokenFault>) -> Void
    ) -> Bool
}
