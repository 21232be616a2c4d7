import Access
import Broadcasting
import EventStreams
import HTTPMessages
import Kernel

/// The HTTP exchange on a connection: reads requests from bytes, hands out the work that they ask for, and collects the
/// answers. It does no input or output. A connection has one while a request is in progress, and only then.
final class Exchange {
    /// The part of a request that the exchange reads, or the event that it waits for.
    enum State {
        /// A head.
        case head
        /// A thread finds the grant of the client's token, for this route, or asks somebody else, who may need long. The exchange
        /// reads nothing meanwhile.
        case awaitingGrant(RequestHead, Route, isAsked: Bool)
        /// A body that crier publishes when it is complete.
        case collecting(PublishRequest, body: [UInt8])
        /// A body that crier publishes as it arrives.
        case streaming(PublishStream)
        /// A body that crier discards, if there is one; then the loop answers this route.
        case discarding(Route)
        /// The archive is writing this. The exchange reads nothing meanwhile, except in a body that crier publishes as it arrives:
        /// there it reads the next events.
        case awaitingArchive(AwaitedWrite)
        /// Another thread, or another loop, finds the answer, or takes so many events of a body that crier passes on as it
        /// arrives. The exchange reads nothing meanwhile.
        case awaitingAnswer(PublishStream?, events: Int)
        /// Fan-out is too far behind with these. The answer waits, and the exchange reads nothing meanwhile.
        case awaitingFanOut([Backlog], PublishStream?)
        /// The last answer is in the output. The connection ends when the kernel has taken it.
        case finished
    }

    /// With more bytes of answers than this in the output, the exchange reads no further request. TCP then slows down a
    /// client that pipelines without reading.
    private static let outputLimit = 64 * 1024
    /// The most bytes that the exchange reads at once of a body that crier publishes as it arrives. So no more events wait, in
    /// memory of their own, than one publish takes, and those of one piece.
    private static let pieceOfStream = 4096

    let limits: MessageLimits
    private let counters: LoopStatus
    private(set) var state = State.head
    /// Answers that the kernel has not taken yet.
    var output = OutputBuffer()
    private var parser: RequestParser
    private var keepsAlive = true
    /// Whether the answer has no body.
    private var isHead = false
    /// The fields of the answer for pages of other origins.
    private(set) var originFields: [UInt8] = []
    /// What the client may do, for the present request; nil when nobody needs a credential.
    private(set) var grant: Grant?
    /// The client, for the limits of its address.
    private(set) var client: AddressBlock?
    /// Who subscribes.
    private(set) var details: ClientDetails?
    /// Whether the client reads the answer as an event stream, as a browser's EventSource does.
    private(set) var wantsEventStream = false
    /// Input that waits because an answer has to wait, or others have their turn; nil when no input was interrupted.
    private var kept: [UInt8]?
    /// Whether the client has finished sending.
    private(set) var inputEnded = false
    private var newTimeout: Timeout?
    var progress: RequestProgress

    init(limits: MessageLimits, _ bodies: BodyMemory, _ counters: LoopStatus) {
        self.limits = limits
        self.counters = counters
        progress = RequestProgress(bodies)
        parser = RequestParser(limits: limits, isEndless: PublishRequest.isStreamed)
    }

    // MARK: State

    /// Whether the output has so many bytes that the exchange reads no further request.
    var isClogged: Bool { output.count > Self.outputLimit }

    /// Whether interrupted input waits; see ``takeKept()``.
    var isInterrupted: Bool { kept != nil }

    /// Whether nothing is in progress: a connection that waits for its next request needs no exchange, and another one
    /// may use it.
    var isIdle: Bool {
        guard case .head = state else { return false }
        return parser.isUntouched && output.isEmpty && kept == nil && !inputEnded
    }

    /// The part of a request that the client has begun and not finished; nil between two requests.
    var unfinishedPart: String? {
        if parser.isInBody { return "body" }
        return parser.isBetweenMessages ? nil : "head"
    }

    /// The timeout that starts now, if one does.
    func takeTimeout() -> Timeout? {
        defer { newTimeout = nil }
        return newTimeout
    }

    // MARK: Reading

    /// Takes the input that was interrupted.
    func takeKept() -> [UInt8] {
        defer { kept = nil }
        return kept ?? []
    }

    /// Keeps input for later.
    func keep(_ rest: Span<UInt8>) {
        kept = unsafe rest.withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// Reads until there is work to do.
    ///
    /// - Returns: nil when the exchange has used all input, or kept the rest because an answer has to wait.
    func next(_ input: borrowing Span<UInt8>, _ offset: inout Int, _ rules: Rules) -> Work? {
        while true {
            let stream = stream
            if let stream, isStreaming, offset == input.count || !stream.takesMore {
                // What was taken before is published.
                progress.lowerBody(to: stream.held)
                if let publications = stream.next() { return .publishPart(publications, stream) }
                if stream.isOver { finish(stream) }
            }
            if isFinished { return nil }
            if isWaiting && !readsAhead || isClogged {
                keep(input.extracting(offset..<input.count))
                return nil
            }
            do throws(Refusal) {
                let end = stream == nil ? input.count : min(input.count, offset + Self.pieceOfStream)
                switch try parser.next(input.extracting(0..<end), &offset) {
                case .needsMore: if offset == input.count, !hasUnpublishedEvents { return nil }
                case .head(let head): if let work = start(head, rules) { return work }
                case .body(let range): collect(input.extracting(range), limit: rules.bodiesLimit)
                case .end: if let work = completeRequest() { return work }
                }
            } catch {
                if let head = parser.refusedHead { originFields = rules.router.origins.fields(for: head) }
                if let stream { stream.refuse(Problem(error)) } else { refuse(Problem(error)) }
            }
        }
    }

    private func start(_ head: RequestHead, _ rules: Rules) -> Work? {
        keepsAlive = head.keepsAlive && !rules.isDraining
        isHead = head.method == "HEAD"
        originFields = rules.router.origins.fields(for: head)
        // A publisher that is told 200 would take its event for published.
        let isGet = head.method == "GET"
        wantsEventStream = isGet && head.fields.list("accept", has: "text/event-stream")
        if rules.router.carriesToken(head) { originFields += Array("Referrer-Policy: no-referrer\r\n".utf8) }
        if let problem = rules.admission.problem {
            return shed(head, problem)
        }
        grant = nil
        client = rules.address?.client(of: head)
        let route = rules.router.route(head)
        if isGet, case .subscribe = route {
            details = ClientDetails(
                agent: head.fields.first("user-agent") ?? [], address: rules.address?.forwarded(head))
        }
        guard let access = rules.access, route.needsGrant else { return begin(route, head, rules) }
        return act(on: access.decide(route, head), route, head, rules)
    }

    /// Refuses a request because crier has too much to do. A browser's EventSource gives up for ever on any status but
    /// 200, so it is told to come back later.
    private func shed(_ head: RequestHead, _ problem: Problem) -> Work? {
        if wantsEventStream { return .turnAway(StreamFraming(head.version)) }
        refuse(problem)
        return nil
    }

    private func act(on decision: AccessCheck.Decision, _ route: Route, _ head: RequestHead, _ rules: Rules) -> Work? {
        switch decision {
        case .permitted(let route, let grant):
            self.grant = grant
            return begin(route, head, rules)
        case .refused(let problem): return begin(.problem(problem), head, rules)
        case .unknown(let token):
            state = .awaitingGrant(head, route, isAsked: false)
            return .verify(token)
        case .undecided(let question):
            state = .awaitingGrant(head, route, isAsked: true)
            return .ask(question)
        }
    }

    /// Continues with the grant of the token, or without one.
    ///
    /// - Parameter verdict: nil when too many tokens wait.
    func resumeFromVerifier(_ verdict: Result<Grant, TokenFault>?, _ rules: Rules) -> Work? {
        guard case .awaitingGrant(let head, let route, _) = state else { return nil }
        state = .head
        switch verdict {
        case nil: return shed(head, .tooManyVerifications)
        case .failure(let fault) where fault == .keysUnavailable || fault == .undecided:
            counters.count(fault)
            return shed(head, Problem(fault))
        case .failure(let fault):
            counters.count(fault)
            return begin(.problem(Problem(fault)), head, rules)
        case .success(let grant):
            guard let access = rules.access else { return begin(route, head, rules) }
            return act(on: access.decide(route, for: grant), route, head, rules)
        }
    }

    /// Begins to read the body of a request, or does without one.
    private func begin(_ route: Route, _ head: RequestHead, _ rules: Rules) -> Work? {
        var route = route
        if case .publish(let request) = route, let rate = rules.publishRate {
            // The events of a body that continues count as they come.
            let (fields, problem) = rate.take(request.isStreamed ? 0 : 1, grant, client)
            originFields += fields
            if let problem { route = .problem(problem) }
        }
        switch route {
        // Refuse before the client has sent a body in vain.
        case .problem(let problem) where head.framing != .none: refuse(problem)
        case .publish(let request):
            if head.expectsContinue { output.append(ResponseWriter.continueResponse) }
            newTimeout = .body
            if request.isStreamed {
                progress.complete()
                state = .streaming(
                    PublishStream(
                        request, limit: rules.bodyLimit, sliceLimit: rules.publishLimit, rules.router.nameLimits))
            } else {
                state = .collecting(request, body: [])
            }
        case let route:
            state = .discarding(route)
            if head.framing != .none { newTimeout = .body }
        }
        return nil
    }

    private func collect(_ bytes: Span<UInt8>, limit: Int) {
        switch state {
        case .streaming(let stream), .awaitingArchive(.stream(let stream)):
            guard progress.addToBody(bytes.count, limit: limit) else { return refuseBody(limit: limit) }
            let wasWithinEvent = stream.unfinished > 0
            stream.append(bytes)
            // Each event has a time of its own to arrive in full, while crier waits for nothing else.
            if isStreaming, stream.unfinished > 0, !wasWithinEvent || !stream.isIdle { newTimeout = .body }
        case .collecting(let request, var body):
            guard progress.addToBody(bytes.count, limit: limit) else { return refuseBody(limit: limit) }
            // The state must not share the body, or each append would copy it.
            state = .head
            unsafe bytes.withUnsafeBufferPointer { unsafe body.append(contentsOf: $0) }
            state = .collecting(request, body: body)
        case .head, .awaitingGrant, .discarding, .awaitingArchive, .awaitingAnswer, .awaitingFanOut, .finished: break
        }
    }

    /// Refuses more of a body, because all bodies together have too many bytes.
    private func refuseBody(limit: Int) {
        let problem = Problem(
            503, "All bodies in progress have \(limit) bytes, which is the limit (limits.bodies).", retryAfter: 1)
        if let stream { stream.stop(problem) } else { refuse(problem) }
    }

    /// Counts the request, of which the client has sent a part only, or refuses it when there are too many of them.
    func countAsIncomplete(_ all: IncompleteRequests, limit: Int) {
        if progress.countAsIncomplete(all, limit: limit) { return }
        refuse(
            Problem(
                503, "\(limit) requests are incomplete, which is the limit (limits.incomplete-requests).", retryAfter: 1
            ))
    }

    private func completeRequest() -> Work? {
        progress.complete()
        switch state {
        case .collecting(let request, let body):
            state = .head
            return .publish(request, body: body)
        case .discarding(let route):
            state = .head
            return .answer(route)
        case .streaming(let stream), .awaitingArchive(.stream(let stream)): stream.finish()
        case .head, .awaitingGrant, .awaitingArchive, .awaitingAnswer, .awaitingFanOut, .finished: break
        }
        return nil
    }

    /// Answers a body that crier has published as it arrived.
    private func finish(_ stream: PublishStream) {
        state = .head
        // After a bad line the rest of the body is unread, so the start of the next request is unknown.
        if stream.problem != nil, !stream.hasEnded { keepsAlive = false }
        respond(stream.answer)
    }

    /// Records that the client has finished sending. crier still answers the requests that it sent in full.
    func endInput() {
        keepsAlive = false
        inputEnded = true
    }

    // MARK: Answering

    /// Answers the last request.
    func respond(_ answer: Answer) {
        progress.end()
        counters.countRefusal(status: answer.status)
        output.append(answer.wire(keepsAlive: keepsAlive, isHead: isHead, origin: originFields))
        // Parsing the next request may fail before it has a method or an origin; its answer then needs a body.
        isHead = false
        originFields = []
        newTimeout = .idle
        if !keepsAlive { state = .finished }
    }

    /// Answers and ends the connection: after a mistake the start of the next request is unknown.
    func refuse(_ problem: Problem) {
        keepsAlive = false
        respond(problem.answer)
    }

    /// Sends bytes without a length, and ends the connection.
    func respondAndFinish(_ bytes: [UInt8]) {
        keepsAlive = false
        output.append(bytes)
        state = .finished
    }

    /// Answers a publish, or counts its events in a body that continues.
    func published(_ receipt: Receipt) {
        if case .streaming(let stream) = state {
            stream.add(receipt)
        } else {
            respond(receipt)
        }
    }

    /// Answers a publish. A publisher that may not read a channel must not learn whether it has subscribers.
    func respond(_ receipt: Receipt) {
        let showsSubscribers = grant.map { receipt.channels.allSatisfy($0.maySubscribe) } ?? true
        respond(.json(Summaries.receipt(receipt, showsSubscribers: showsSubscribers)))
    }

    /// Ends a body that crier publishes as it arrives.
    func stopStream(_ problem: Problem) {
        guard case .streaming(let stream) = state, stream.isIdle else { return }
        stream.stop(problem)
        keepsAlive = false
        finish(stream)
    }

    // MARK: Waiting

    /// Waits for the archive.
    func awaitArchive(_ write: AwaitedWrite) { state = .awaitingArchive(write) }

    /// Continues after the archive has answered.
    ///
    /// - Returns: the change that the archive wrote or refused; nil when the exchange does not wait for the archive.
    func resumeFromArchive() -> AwaitedWrite? {
        guard case .awaitingArchive(let write) = state else { return nil }
        if case .stream(let stream) = write { resume(stream) } else { state = .head }
        return write
    }

    /// Waits for an answer that this loop cannot give alone.
    ///
    /// - Parameter events: how many events of a body that crier passes on as it arrives are on their way.
    func awaitAnswer(events: Int = 0) {
        if case .streaming(let stream) = state {
            state = .awaitingAnswer(stream, events: events)
        } else {
            state = .awaitingAnswer(nil, events: 0)
        }
    }

    /// Gives the answer.
    ///
    /// - Returns: false when the exchange does not wait for one.
    func resume(with answer: Result<Answer, Problem>) -> Bool {
        guard case .awaitingAnswer(let stream, let events) = state else { return false }
        guard let stream else {
            state = .head
            do throws(Problem) { respond(try answer.get()) } catch { respond(error.answer) }
            return true
        }
        do throws(Problem) {
            _ = try answer.get()
            stream.add(pushed: events)
        } catch {
            stream.stop(error)
        }
        resume(stream)
        return true
    }

    /// Holds the answer, and with it the publisher, while fan-out is behind with these.
    func awaitFanOut(_ backlogs: [Backlog]) {
        if case .streaming(let stream) = state {
            state = .awaitingFanOut(backlogs, stream)
        } else {
            state = .awaitingFanOut(backlogs, nil)
        }
    }

    /// Continues after fan-out has caught up.
    func resumeFromFanOut() {
        guard case .awaitingFanOut(_, let stream) = state else { return }
        newTimeout = .idle
        if let stream { resume(stream) } else { state = keepsAlive ? .head : .finished }
    }

    private func resume(_ stream: PublishStream) {
        state = .streaming(stream)
        // The client could not send the rest of the event while crier did not read.
        if stream.unfinished > 0 { newTimeout = .body }
    }
}
