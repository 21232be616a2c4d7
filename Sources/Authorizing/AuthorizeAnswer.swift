import Access
import Broadcasting
import Bytes
import Curl

/// The answer of a program to a question about a subscription.
struct AuthorizeAnswer {
    /// The name of the caller; empty without one.
    private(set) var name = ""
    /// The patterns that it may subscribe to.
    private(set) var rights = Rights()
    /// Milliseconds since 1970 at which the grant ends; nil when it does not end by itself.
    private(set) var expiry: UInt64?

    /// - Throws: ``TokenFault/undecided`` when there is no answer; another fault when crier does not understand it.
    init(_ reply: HTTPReply, to question: SubscriptionQuestion) throws(TokenFault) {
        guard case .answered(let status, let body) = reply else { throw .undecided }
        switch status {
        case 401, 403: return
        case 200..<300: break
        default: throw .undecided
        }
        rights.subscribe = question.patterns
        guard !body[...].trimmed.isEmpty else { return }
        let json = try TokenJSON(body)
        // A member with another name may be a no.
        guard json.names.isSubset(of: ["name", "expires", "subscribe"]) else { throw .badClaim }
        name = try json.text("name") ?? ""
        expiry = try json.date("expires")
        guard let patterns = try json.texts("subscribe") else { return }
        guard patterns.count <= TokenFault.patternLimit else { throw .tooManyPatterns }
        rights.subscribe = try patterns.map { text throws(TokenFault) in
            do throws(ChannelPattern.Invalid) { return try ChannelPattern(text) } catch { throw .badPattern }
        }
    }
}
