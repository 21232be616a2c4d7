import Access

// Refusals of callers, with the challenges of RFC 6750 section 3.
extension Problem {
    /// The caller must say who it is.
    static func withoutCredential(_ right: String) -> Problem {
        var problem = Problem(401, "This needs a token with a grant \(right).")
        problem.challenge = #"Bearer realm="crier""#
        return problem
    }

    /// The caller may not do this.
    static func withoutGrant(_ right: String) -> Problem {
        var problem = Problem(403, "The caller has no grant \(right).")
        problem.challenge = #"Bearer realm="crier", error="insufficient_scope""#
        return problem
    }

    /// crier does not accept the token.
    init(_ fault: TokenFault) {
        if fault == .keysUnavailable || fault == .undecided {
            self.init(503, fault.description, retryAfter: 5)
        } else {
            self.init(401, fault.description)
            challenge = #"Bearer realm="crier", error="invalid_token", error_description="\#(fault)""#
        }
    }

    /// The grant has ended between the head of the request and its answer.
    static let grantIsOver: Problem = {
        var problem = Problem(401, "The grant of the caller is no longer in force.")
        problem.challenge = #"Bearer realm="crier", error="invalid_token""#
        return problem
    }()

    /// A token came by a cookie, for something that changes things.
    static let cookieWithoutOrigin = Problem(
        403, "With a cookie only a page of a listed origin may do this (origins in [[listen]]).")

    /// Too many tokens wait to be verified.
    static let tooManyVerifications = Problem(
        503, "Too many tokens wait to be verified (limits.verifications).", retryAfter: 1)
}
