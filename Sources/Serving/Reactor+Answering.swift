import Broadcasting
import EventStreams
import HTTPMessages
import Kernel

extension Reactor {
    mutating func answer(_ route: Route, _ slot: UInt32, _ exchange: Exchange) {
        switch route {
        case .subscribe(let request): subscribe(slot, request)
        case .describeStream:
            exchange.output += StreamHead.head
            finish(exchange)
        case .publish: preconditionFailure("a publish is answered when its body has ended")
        case .listChannels(let after, let count):
            let page = hub.summaries(after: after, count: count)
            respond(exchange, .json(Summaries.channels(page.summaries, next: page.next)))
        case .showChannel(let name):
            if let summary = hub.summary(of: name) {
                respond(exchange, .json(Summaries.channel(summary)))
            } else {
                respond(exchange, Problem(404, "There is no such channel.").answer)
            }
        case .endChannel(let name): end(name, slot, exchange)
        case .health:
            respond(exchange, Answer(status: 200, type: "text/plain; charset=utf-8", body: Array("ok\n".utf8)))
        case .page(let page): respond(exchange, page.answer)
        case .methods(let allow):
            var answer = Answer(status: 204)
            answer.fields.append(("Allow", allow))
            respond(exchange, answer)
        case .problem(let problem): respond(exchange, problem.answer)
        }
    }

    func respond(_ exchange: Exchange, _ answer: Answer) {
        exchange.output += answer.wire(keepsAlive: exchange.keepsAlive, isHead: exchange.isHead)
        if !exchange.keepsAlive { finish(exchange) }
    }

    private func finish(_ exchange: Exchange) {
        exchange.isFinal = true
    }

    /// Answers and closes: after a mistake it is not known where the next request would begin.
    mutating func refuse(_ slot: UInt32, _ problem: Problem) {
        guard let exchange = connections[slot].exchange else { return }
        exchange.request = .none
        exchange.keepsAlive = false
        respond(exchange, problem.answer)
    }

    /// A browser's EventSource dies for ever on any status but 200, so it gets 200 and a long time to wait.
    mutating func refuseForLackOfRoom(_ slot: UInt32, _ head: RequestHead) {
        guard head.fields.list("accept", has: "text/event-stream") else {
            return refuse(slot, Problem(503, "All connections are in use. Try again later.", retryAfter: 10))
        }
        turnAway(slot)
    }

    /// Opens a stream only to say that its client shall come back much later.
    mutating func turnAway(_ slot: UInt32) {
        guard let exchange = connections[slot].exchange else { return }
        let retry = StreamHead.jittered(max(settings.retry, 1000) * 10, using: &generator)
        exchange.output += StreamHead.opening(retry: retry)
        exchange.keepsAlive = false
        finish(exchange)
    }

    /// Writes the answers.
    ///
    /// - Returns: whether all are out.
    mutating func flushOutput(_ slot: UInt32, _ exchange: Exchange) -> Bool {
        while exchange.hasOutput {
            let outcome = unsafe exchange.output.withUnsafeBufferPointer { bytes in
                let rest = unsafe UnsafeRawBufferPointer(
                    rebasing: UnsafeRawBufferPointer(bytes)[exchange.outputStart...])
                return unsafe connections[slot].descriptor.send(rest)
            }
            switch outcome {
            case .wrote(let count): exchange.outputStart += count
            case .wouldBlock: return false
            case .failed:
                close(slot, .client)
                return false
            }
        }
        exchange.output = []
        exchange.outputStart = 0
        return true
    }

    /// The socket takes bytes again.
    mutating func resumeWriting(_ slot: UInt32) {
        switch connections[slot].phase {
        case .exchange:
            guard connections[slot].exchange?.hasOutput == true else { return }
            pump(slot)
            if connections[slot].phase == .exchange, connections[slot].isReadable { queueRead(slot) }
        case .behind, .ending: queueCatchUp(slot)
        case .live, .lingering, .dead: return
        }
    }
}
