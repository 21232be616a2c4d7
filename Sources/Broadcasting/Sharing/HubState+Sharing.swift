import DequeModule
import EventStreams
import HashTreeCollections

/// Passes changes on to a log that several nodes share, and applies those that come back from it.
extension HubState {
    // MARK: To the log

    /// Queues events for the shared log.
    mutating func share(
        _ encoded: [EncodedEvent], _ idempotency: Idempotency?, reply: ReplyAddress, now: UInt64
    ) -> PublishOutcome {
        // Who comes and leaves is for the subscribers of all nodes. The figures and the log of a node are for its own.
        let isOwn = encoded.allSatisfy { event in
            event.channels.allSatisfy { $0.isReserved && !$0.description.hasPrefix(PresenceChanges.prefix) }
        }
        if isOwn { return publishOwn(encoded, now: now) }
        let change = SharedChange.publish(encoded, idempotency)
        guard change.size <= SharedQueue.largestChange else {
            return .refused(.tooLarge(bytes: change.size, limit: SharedQueue.largestChange))
        }
        if let idempotency { answers.start(idempotency) }
        shared?.append(change, reply, now: now)
        return .pending
    }

    /// Publishes events of the node's own channels, which other nodes do not get. They have the numbers of the newest
    /// revision that no entry uses.
    private mutating func publishOwn(_ encoded: [EncodedEvent], now: UInt64) -> PublishOutcome {
        let numbers = SharedNumber.own(of: shared?.revision ?? 0)
        let first = max(numbers.lowerBound, log.numbered + 1)
        guard first + UInt64(encoded.count) - 1 <= numbers.upperBound else {
            return .refused(.notStored("the shared log has not gone on since the last of these events"))
        }
        var next = first
        let events = place(encoded, now: now) { _ in
            defer { next += 1 }
            return next
        }
        return .published(addToLog(events, now: now))
    }

    /// Queues the end of a channel for the shared log.
    mutating func shareEnd(of name: ChannelName, reply: ReplyAddress, now: UInt64) -> EndOutcome? {
        let topic = registry.find(name)
        guard topic.map({ !$0.isEnded }) ?? remote.hasSubscribers(name) else { return nil }
        shared?.append(.end(name), reply, now: now)
        return .pending
    }

    // MARK: From the log

    /// Applies some changes of an entry, and returns what became of them to those that wait.
    ///
    /// - Parameters:
    ///   - indices: of the changes.
    ///   - number: of the first event of the first of them. Becomes that of the change after the last.
    ///   - digest: gets what the changes have done, which every node must agree on.
    mutating func apply(
        _ entry: SharedEntry, _ indices: Range<Int>, number: inout UInt64, now: UInt64, _ digest: inout StableHash
    ) -> [(loop: Int, Completion)] {
        let time = max(shared?.time ?? 0, entry.time)
        shared?.time = time
        var completions: [(loop: Int, Completion)] = []
        for index in indices {
            let reply = index < entry.replies.count ? entry.replies[index] : nil
            if index < entry.replies.count { shared?.inFlight -= 1 }
            let change = entry.changes[index]
            defer { number += UInt64(change.places) }
            switch change {
            case .publish(let events, let idempotency):
                let outcome = apply(events, idempotency, number: number, time: time, now: now)
                digest.add(outcome.isPublished ? number : 0)
                if let reply { completions.append((reply.loop, outcome.completion(reply.token))) }
            case .end(let name):
                let subscribers = applyEnd(of: name, number: number, time: time)
                digest.add(number)
                if let reply { completions.append((reply.loop, .ended(reply.token, subscribers: subscribers))) }
            // What an earlier process of this node told is over, too.
            case .subscribers(let report): if entry.node != shared?.node { remote.apply(report, from: entry.node) }
            case .trim: digest = StableHash()
            }
        }
        return completions
    }

    private enum Applied {
        case published(Receipt)
        case repeated(Receipt)
        case keyReused

        var isPublished: Bool { if case .published = self { true } else { false } }

        func completion(_ token: UInt64) -> Completion {
            switch self {
            case .published(let receipt): .published(token, receipt)
            case .repeated(let receipt): .repeated(token, receipt)
            case .keyReused: .refused(token, .keyReused)
            }
        }
    }

    private mutating func apply(
        _ events: [EncodedEvent], _ idempotency: Idempotency?, number: UInt64, time: UInt64, now: UInt64
    ) -> Applied {
        if let idempotency, let earlier = answers.answerAgain(idempotency.key, number: number) {
            return earlier.idempotency.fingerprint == idempotency.fingerprint ? .repeated(earlier.receipt) : .keyReused
        }
        var next = number
        let placed = place(events, now: time) { _ in
            defer { next += 1 }
            return next
        }
        var receipt = addToLog(placed, now: now)
        receipt.subscribers += events[0].channels.reduce(0) { $0 + remote.count($1) }
        if let idempotency { answers.record(StoredAnswer(idempotency, time: time, receipt), number: number) }
        return .published(receipt)
    }

    private mutating func applyEnd(of name: ChannelName, number: UInt64, time: UInt64) -> Int {
        let topic = registry.channel(name, policy)
        let subscribers = end(topic, with: endFrame(of: topic, name, number: number, time: time)) ?? 0
        return subscribers + remote.named(name)
    }

    /// Forgets some of what a trim says.
    ///
    /// - Returns: whether there is more.
    mutating func apply(_ trim: SharedTrim) -> Bool {
        while let first = log.index.first, first.sequence < trim.below {
            guard budget.take() else { return true }
            guard let topic = log.popOldest() else { continue }
            evictFirst(of: topic)
            if topic.isIdle { emptied.append(topic) }
        }
        removeEmptied()
        while let oldest = endedChannels.oldest, let number = oldest.endNumber, number < trim.below {
            guard budget.take() else { return true }
            // Its subscribers have yet to get the end, and then it goes.
            if oldest.subscribers > 0 { endedChannels.remove(oldest) } else { reopen(oldest) }
            removeIfIdle(oldest)
        }
        return answers.forget(below: trim.keysBelow, atMost: 512)
    }

    // MARK: Positions

    /// The position of a client, when it lies beyond what this node has applied: another node may have given it.
    func numberAhead(_ request: SubscriptionRequest) -> UInt64? {
        guard let shared, !request.isJudged, let id = request.lastEventID,
            let position = String(validating: id, as: UTF8.self).flatMap({ EventPosition($0) }),
            position.epoch == log.epochs.current, position.sequence > SharedNumber.last(of: shared.revision)
        else { return nil }
        return position.sequence
    }

    // MARK: Subscribers of nodes

    /// Remembers that other nodes must hear of the subscribers of a topic.
    mutating func noteSubscribers(of topic: Topic) {
        if shared != nil, !topic.isReplaced { unreported.insert(topic.subject) }
    }

    /// Remembers that of some topics, from one on.
    ///
    /// - Returns: the index of the next topic; nil when these were the last.
    mutating func noteSubscribers(from index: Int) -> Int? {
        let (topics, next) = registry.topics(from: index)
        for topic in topics where topic.subscribers > 0 { noteSubscribers(of: topic) }
        return next
    }

    /// The most subjects of a report, which the hub puts together under its lock.
    private static let subjectsPerReport = 4096

    /// Queues a report of the subscribers that other nodes do not know yet.
    ///
    /// - Returns: whether there are more.
    mutating func reportSubscribers(isFirst: Bool, now: UInt64) -> Bool {
        guard isFirst || !unreported.isEmpty else { return false }
        let subjects = Array(unreported.prefix(Self.subjectsPerReport))
        for subject in subjects { unreported.remove(subject) }
        let counts = subjects.map { subject in
            let topic =
                switch subject {
                case .channel(let name): registry.find(name)
                case .pattern(let pattern): registry.find(pattern)
                }
            return (subject: subject, subscribers: topic?.subscribers ?? 0)
        }
        shared?.append(.subscribers(SubscriberReport(isFirst: isFirst, counts: counts)), nil, now: now)
        return !unreported.isEmpty
    }
}
