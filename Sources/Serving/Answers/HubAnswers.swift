import Broadcasting

/// Answers the requests that change nothing and open no stream.
struct HubAnswers {
    let hub: Hub

    /// The answer; nil for a route that the loop must handle itself.
    func answer(_ route: Route) -> Answer? {
        switch route {
        case .listChannels(let after, let count):
            let page = hub.summaries(after: after, count: count)
            return .json(Summaries.channels(page.summaries, next: page.next))
        case .showChannel(let name):
            return hub.summary(of: name).map { .json(Summaries.channel($0)) } ?? Problem.noSuchChannel.answer
        case .health: return Answer(status: 200, type: "text/plain; charset=utf-8", body: Array("ok\n".utf8))
        case .console(let file): return file.answer
        case .methods(let allow):
            var answer = Answer(status: 204)
            answer.fields.append(("Allow", allow))
            return answer
        case .problem(let problem): return problem.answer
        default: return nil
        }
    }
}
