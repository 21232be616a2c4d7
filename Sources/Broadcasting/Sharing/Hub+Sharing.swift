import HashTreeCollections
import HeapModule

/// A hub whose log is shared with other nodes: what its clients publish takes effect once the log has it.
extension Hub {
    /// Makes the hub one of several nodes. Call it before every other method.
    ///
    /// - Parameters:
    ///   - node: its name.
    ///   - uncertainThrough: events up to here are not in the log any more.
    public func share(as node: String, uncertainThrough: UInt64) {
        state.withLock { state in
            state.shared = SharedQueue(node: node)
            state.log.uncertainThrough = uncertainThrough
        }
    }

    /// Takes the changes of the next entry; nil when there are none. Call it again until then: only after that does the hub
    /// wake the archive for further changes.
    public func nextEntry() -> SharedBatch? { locked { $0.shared?.take() } }

    /// Applies an entry of the log.
    ///
    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - digest: gets what the entry has done, which every node must agree on.
    public func apply(_ entry: SharedEntry, now: UInt64, _ digest: inout StableHash) {
        var number = SharedNumber.first(of: entry.revision)
        var rest = entry.changes[...]
        while !rest.isEmpty {
            var slice = rest.prefix(steps: Self.stepsAtOnce)
            // What follows a trim must find everything forgotten, on every node.
            if let trim = slice.firstIndex(where: \.isTrim) { slice = slice[...trim] }
            rest = rest.dropFirst(slice.count)
            let indices = slice.startIndex..<slice.endIndex
            let (completions, after, result) = change { [number, digest] state in
                var (number, digest) = (number, digest)
                let completions = state.apply(entry, indices, number: &number, now: now, &digest)
                return (completions, number, digest)
            }
            (number, digest) = (after, result)
            evictAll(now: now)
            for case .trim(let trim) in slice {
                let trim = trim.bounded(by: entry.revision)
                while change({ $0.apply(trim) }) {}
            }
            while locked({ $0.remote.forgetSome() }) {}
            complete(completions)
        }
        reach(entry.revision)
    }

    /// Records that the node has applied everything up to a revision.
    public func reach(_ revision: UInt64) {
        let replies = locked { $0.shared?.reach(revision) ?? [] }
        for reply in replies { mailboxes[reply.loop].complete(.reached(reply.token)) }
    }

    /// Reports that the log does not take a batch. The hub refuses its publishes and ends.
    ///
    /// - Parameters:
    ///   - isCertain: whether the log will never have it.
    ///   - reason: a sentence for the publishers, without a full stop.
    public func refuse(_ batch: SharedBatch, isCertain: Bool, _ reason: String) {
        let refusal = isCertain ? PublishRefusal.notStored(reason) : .uncertain(reason)
        for (change, reply) in zip(batch.changes, batch.replies) {
            locked { state in
                state.shared?.inFlight -= 1
                switch change {
                case .publish(_, let idempotency): if let idempotency { state.answers.abandon(idempotency) }
                case .subscribers(let report):
                    if report.isFirst { state.shared?.mustReportAnew = true }
                    for (subject, _) in report.counts { state.unreported.insert(subject) }
                case .end, .trim: break
                }
            }
            if let reply { mailboxes[reply.loop].complete(.refused(reply.token, refusal)) }
        }
    }

    /// Refuses the changes that have waited since before a time.
    public func refuseWaiting(before time: UInt64, _ reason: String) {
        while let batch = locked({ $0.shared?.take(before: time) }) { refuse(batch, isCertain: true, reason) }
    }

    // MARK: Positions

    /// Has the loop told, by ``Completion/reached(_:)``, when the node has applied everything up to a number, or when it is
    /// known that no node has given the number to an event.
    public func wait(for number: UInt64, reply: ReplyAddress, now: UInt64) {
        let isReached = locked { state in
            guard let shared = state.shared, number > SharedNumber.last(of: shared.revision),
                shared.ahead.count < SharedQueue.mostAhead
            else { return true }
            state.shared?.ahead.insert(SharedQueue.Ahead(number: number, reply: reply, since: now))
            return false
        }
        if isReached { mailboxes[reply.loop].complete(.reached(reply.token)) }
    }

    /// Lets clients go on whose positions no node has given.
    ///
    /// - Parameters:
    ///   - head: the newest revision of the log, read from the majority.
    ///   - time: when the reading began. Those that have asked since must wait for the next one.
    public func judgeWaiting(beyond head: UInt64, askedBefore time: UInt64) {
        let replies = locked { $0.shared?.takeBeyond(head, askedBefore: time) ?? [] }
        for reply in replies { mailboxes[reply.loop].complete(.reached(reply.token)) }
    }

    /// How many more events of its own channels the node can number before the revision must rise.
    public var ownNumbersLeft: Int {
        locked { state in
            let numbers = SharedNumber.own(of: state.shared?.revision ?? 0)
            let next = max(numbers.lowerBound, state.log.numbered + 1)
            return next > numbers.upperBound ? 0 : Int(numbers.upperBound - next) + 1
        }
    }

    // MARK: Subscribers of nodes

    /// Queues the subscribers that other nodes do not know yet for the log.
    ///
    /// - Parameter isFirst: whether the other nodes know of none.
    public func reportSubscribers(isFirst: Bool, now: UInt64) {
        var isFirst = locked { state in
            defer { state.shared?.mustReportAnew = false }
            return isFirst || state.shared?.mustReportAnew == true
        }
        if isFirst { noteAllSubscribers() }
        while change({ [isFirst] in $0.reportSubscribers(isFirst: isFirst, now: now) }) { isFirst = false }
    }

    private func noteAllSubscribers() {
        var index = 0
        while let next = locked({ $0.noteSubscribers(from: index) }) { index = next }
    }

    /// Queues a change that nobody waits for.
    public func queue(_ change: SharedChange, now: UInt64) {
        self.change { $0.shared?.append(change, nil, now: now) }
    }

    /// Forgets the subscribers of a node that is gone.
    public func forgetNode(_ node: String) {
        locked { $0.remote.forget(node) }
        while locked({ $0.remote.forgetSome() }) {}
    }

    /// Forgets the subscribers of all other nodes but some.
    public func keepNodes(_ living: Set<String>) {
        locked { $0.remote.keep(living) }
        while locked({ $0.remote.forgetSome() }) {}
    }

    /// The time of the newest entry, in milliseconds since 1970. The times of a log do not go back.
    public var logTime: UInt64 { state.withLock { $0.shared?.time ?? 0 } }

    /// Records that events up to a number were trimmed before this node had read them. Only a node without subscribers may
    /// say so.
    public func skip(through number: UInt64) {
        state.withLock { $0.log.uncertainThrough = max(number, $0.log.uncertainThrough) }
    }

    /// The subscribers of other nodes, over all topics.
    public var remoteSubscribers: Int { state.withLock { $0.remote.total } }

    // MARK: Trimming

    /// What the limits of this node would have all nodes forget: the number of its oldest event, and the first number whose
    /// idempotency keys it remembers.
    public func trimmable(now: UInt64) -> SharedTrim {
        locked { state in
            let next = SharedNumber.first(of: (state.shared?.revision ?? 0) + 1)
            state.log.dropEvicted(&state.budget)
            // A node that starts learns of keys from their entries, so these stay in the log as long as the keys.
            let keys = state.answers.firstKept(state.policy, now: now) ?? next
            return SharedTrim(below: min(state.log.index.first?.sequence ?? next, keys), keysBelow: keys)
        }
    }

    /// The most bytes that a loop has yet to write. While it is much, the node applies no further entry.
    public var backlog: Int { mailboxes.reduce(0) { max($0, $1.backlog.current) } }
}
