import Access
import Broadcasting
import HTTPMessages
import Kernel

/// Decides whether a caller may do what a request asks for. It looks at the names in the request and at the grant alone,
/// never at the channels that exist: so nobody learns which do.
struct AccessCheck {
    let policy: AccessPolicy
    let names: NameLimits
    let origins: OriginRules
    /// What the client may do without a token.
    let tokenless: Grant
    /// Finds the address of the client; nil when nobody asks for it.
    let address: ClientAddress?
    /// Milliseconds since 1970, by the clock of the machine, for the times in tokens.
    let clock: UInt64

    /// What becomes of a request.
    enum Decision {
        /// The caller may take this route, which is limited to what it may read, by this grant.
        case permitted(Route, Grant)
        case refused(Problem)
        /// Another thread must find the grant of this token.
        case unknown(token: [UInt8])
        /// Another thread must ask somebody else.
        case undecided(SubscriptionQuestion)
    }

    /// Decides by the credential of a request.
    func decide(_ route: Route, _ head: RequestHead) -> Decision {
        do throws(Problem) {
            guard let credential = try Credential.find(head, policy) else { return decideWithoutToken(route, head) }
            if credential.isCookieAlone, route.isUnsafe, !origins.listsOrigin(of: head) { throw .cookieWithoutOrigin }
            guard let grant = policy.verifier.knownGrant(credential.token, now: clock) else {
                return .unknown(token: credential.token)
            }
            return decide(route, for: grant)
        } catch {
            return .refused(error)
        }
    }

    /// Decides by the grant of a caller: 401 without a credential, otherwise 403, for what the grant does not cover.
    func decide(_ route: Route, for caller: Grant) -> Decision {
        do throws(Problem) { return try permit(route, to: caller) } catch { return .refused(error) }
    }

    /// Decides by the rules and, when they do not let the caller subscribe, by what somebody else says.
    private func decideWithoutToken(_ route: Route, _ head: RequestHead) -> Decision {
        let decision = decide(route, for: tokenless)
        guard case .refused(let problem) = decision, problem.status == 401 || problem.status == 403,
            let decider = policy.decider
        else { return decision }
        do throws(Problem) {
            guard let question = try question(route, head, decider.fields) else { return decision }
            return decider.knownGrant(question, now: clock).map { decide(route, for: $0) } ?? .undecided(question)
        } catch {
            return .refused(error)
        }
    }

    /// The question about a request; nil when it is not for others to decide.
    private func question(
        _ route: Route, _ head: RequestHead, _ names: [String]
    ) throws(Problem) -> SubscriptionQuestion? {
        let request: SubscriptionRequest
        switch route {
        case .subscribe(let wanted, _, _), .describeStream(let wanted, _): request = wanted
        default: return nil
        }
        // The channels of the daemon's own are for admins, whatever anybody says.
        guard !request.channels.contains(where: \.isReserved), !request.patterns.contains(where: \.isReserved) else {
            return nil
        }
        for name in names where head.fields.count(named: name) > 1 {
            throw Problem(400, "The request has the field \(name) twice.")
        }
        let fields = names.compactMap { name in head.fields.first(named: name).map { (name, $0) } }
        let client = address.flatMap { $0.forwarded(head) ?? $0.peer }
        let question = SubscriptionQuestion(
            request.channels, request.patterns, address: client.map { "\($0)" },
            client: client.map { "\(AddressBlock($0).prefix)" } ?? "", fields: fields)
        guard question.json.count <= SubscriptionQuestion.limit else {
            throw Problem(431, "The fields and the channels of the request are too long to ask about.")
        }
        return question
    }

    private func permit(_ route: Route, to caller: Grant) throws(Problem) -> Decision {
        switch route {
        case .subscribe(let request, let form, let tellsSession):
            let (request, grant) = try readable(request, caller)
            return .permitted(.subscribe(request, form, tellsSession: tellsSession), grant)
        case .describeStream(let request, let form):
            let (request, grant) = try readable(request, caller)
            return .permitted(.describeStream(request, form), grant)
        case .publish(let request) where request.session != nil:
            let grant = try administering(caller)
            return .permitted(.publish(request.permitted(by: grant)), grant)
        case .publish(let request):
            let grant = withAnonymousRights(caller)
            for channel in request.channels where !grant.mayPublish(to: channel) {
                throw missing("to publish to \"\(channel)\"", caller)
            }
            // A caller that may publish nothing need not send a body to find out.
            guard !request.channels.isEmpty || !grant.rights.publish.isEmpty else {
                throw missing("to publish", caller)
            }
            return .permitted(.publish(request.permitted(by: grant)), grant)
        case .listChannels, .showChannel, .endChannel, .metrics, .state, .showConfiguration, .listSessions,
            .showSession,
            .showPresence, .endSession, .endSessions:
            return .permitted(route, try administering(caller))
        case .showAccess:
            let grant = withAnonymousRights(caller)
            guard !grant.rights.isEmpty else { throw missing("to do anything", caller) }
            return .permitted(route, grant)
        case .health, .readiness, .console, .methods, .problem: return .permitted(route, caller)
        }
    }

    private func administering(_ caller: Grant) throws(Problem) -> Grant {
        let grant = withAnonymousRights(caller)
        guard grant.rights.isAdmin else { throw missing("to administer", caller) }
        return grant
    }

    /// The most comparisons of patterns for one request.
    private static let comparisons = 2000

    /// What the caller may read of a subscription.
    private func readable(
        _ request: SubscriptionRequest, _ caller: Grant
    ) throws(Problem) -> (SubscriptionRequest, Grant) {
        // Each pattern is compared with each of the grant, and the loop does nothing else meanwhile.
        let granted = caller.rights.subscribe.count + policy.anonymous.rights.subscribe.count
        guard request.patterns.count * granted <= Self.comparisons else {
            throw Problem(
                400,
                "With a grant of \(granted) patterns a subscription has at most \(Self.comparisons / granted) patterns."
            )
        }
        let isEnough =
            request.channels.allSatisfy { caller.maySubscribe(to: $0) }
            && request.patterns.allSatisfy { caller.maySubscribe(to: $0) }
        if isEnough { return (request, caller) }
        let grant = withAnonymousRights(caller)
        for channel in request.channels where !grant.maySubscribe(to: channel) {
            throw missing("to subscribe to \"\(channel)\"", caller)
        }
        var readable = request
        readable.patterns = []
        for pattern in request.patterns {
            let parts = grant.readable(pattern, segments: names.segments)
            guard !parts.isEmpty else { throw missing("to subscribe to \"\(pattern)\"", caller) }
            readable.patterns += parts
        }
        guard readable.channels.count + readable.patterns.count <= names.channels else {
            throw Problem(
                400,
                "With this grant the subscription has \(readable.channels.count + readable.patterns.count) channels and "
                    + "patterns; \(names.channels) is the limit (limits.channels-per-subscriber).")
        }
        return (readable, grant)
    }

    /// What needs no credential is for every caller.
    private func withAnonymousRights(_ caller: Grant) -> Grant {
        caller === policy.anonymous || policy.anonymous.rights.isEmpty ? caller : caller.adding(policy.anonymous)
    }

    private func missing(_ right: String, _ caller: Grant) -> Problem {
        if caller === policy.anonymous { return Problem.withoutCredential(right) }
        return Problem.withoutGrant(right)
    }
}
