import Broadcasting
import EventStreams
import HTTPMessages
import Kernel
import Logging

/// Records the streams of the loop for the process after this one, and continues those of a process that was killed.
extension Reactor {
    // MARK: Recording

    /// Records a subscriber that the loop has just added, before it writes anything else.
    ///
    /// - Parameter ahead: how many bytes the kernel has taken since the subscriber's position.
    mutating func record(subscriber slot: UInt32, ahead: Int = 0) {
        guard subscribers.recovery.isActive else { return }
        let connection = subscribers[slot].stream.connection
        let socket = connections[connection].transport.cookieAndBytesTaken
        guard let (cookie, taken) = socket, taken >= UInt64(ahead) else { return }
        let isRecorded = subscribers.recovery.register(
            slot, recoveryRecord(slot, connection), cookie: cookie, position: subscribers[slot].position,
            written: taken - UInt64(ahead))
        guard isRecorded else { return }
        subscribers.recovery.setIrregular(slot, isIrregular(slot))
        if !connections[connection].isKept { unkept.tokens.append(subscribers.token(slot)) }
    }

    /// Whether the stream may get something else next than a client that resumed at its position.
    private func isIrregular(_ slot: UInt32) -> Bool {
        guard !subscribers[slot].isLive else { return false }
        let position = subscribers[slot].position
        return subscribers[slot].topics.cursors.contains { $0.reportedThrough > position }
            || (subscribers[slot].isSlow && subscribers[slot].pending != nil)
    }

    /// Records a subscriber in the middle of its stream, also one that is recorded already.
    mutating func recordAnew(_ slot: UInt32) {
        switch subscribers[slot].pending {
        case .bytes(_, let offset): return record(subscriber: slot, ahead: offset)
        case .event(_, let offset): record(subscriber: slot, ahead: offset)
        case nil: record(subscriber: slot)
        }
        subscribers.recovery.advance(slot, to: subscribers[slot].position, writing: 0)
    }

    private func recoveryRecord(_ slot: UInt32, _ connection: UInt32) -> [UInt8] {
        RecoveryRecord(
            listener: context.listeners[Int(connections[connection].arrival.listener)].key,
            proxied: connections[connection].proxied, session: subscribers[slot].session,
            form: subscribers[slot].form,
            subjects: subscribers[slot].topics.cursors.map { context.hub.subject(of: $0.topic) },
            grant: subscribers[slot].grant, client: subscribers[slot].client, since: subscribers[slot].since,
            counted: countedSubscribers[subscribers.token(slot)] ?? []
        ).bytes
    }

    /// Keeps the sockets of all new subscribers, as far as there is room.
    mutating func keepAllSockets() { while keepSockets() {} }

    /// Puts the sockets of new subscribers where they stay open if the process is killed, many with one system call.
    ///
    /// - Returns: whether there are more, and there is room for them.
    mutating func keepSockets() -> Bool {
        guard !unkept.tokens.isEmpty, let sockets = context.recovery?.sockets else { return false }
        let present = unkept.tokens.suffix(DescriptorQueue.limit).compactMap { subscribers.slot(of: $0) }
            .filter { subscribers.recovery.isRegistered($0) }.map { subscribers[$0].stream.connection }
            .filter { !connections[$0].isKept }
        let numbers = present.map { connections[$0].transport.descriptor.number }
        // There is room again when the supervisor has removed those of closed connections.
        guard numbers.isEmpty || sockets.add(numbers[...]) else { return false }
        for connection in present { connections[connection].isKept = true }
        unkept.tokens.removeLast(min(unkept.tokens.count, DescriptorQueue.limit))
        return !unkept.tokens.isEmpty
    }

    /// The queue has been emptied, to make room in the kernel for a restart that did not come.
    mutating func keepSocketsAgain() {
        guard let generation = context.recovery?.sockets.generation, generation != unkept.generation else { return }
        unkept.generation = generation
        unkept.tokens = []
        for token in subscribers.tokens {
            guard let slot = subscribers.slot(of: token) else { continue }
            connections[subscribers[slot].stream.connection].isKept = false
            unkept.tokens.append(token)
        }
    }

    // MARK: Recovering

    mutating func recover(_ streams: [RecoveredStream]) {
        let listeners = indexOfListener
        for stream in streams { recover(stream, listener: listeners[stream.record.listener]) }
        keepAllSockets()
    }

    private mutating func recover(_ stream: RecoveredStream, listener: UInt8?) {
        let record = stream.record
        guard let connection = adopt(stream.socket, record.proxied, listener: listener) else { return }
        var request = SubscriptionRequest(channels: [])
        for subject in record.subjects {
            switch subject {
            case .channel(let name): request.channels.append(name)
            case .pattern(let pattern): request.patterns.append(pattern)
            }
        }
        request.position = stream.position
        guard case .subscribed(let subscription) = context.hub.subscribe(request, on: context.index, now: time.today)
        else { return connections.close(connection, .ended) }
        let slot = add(
            subscription, record.session, record.form, on: connection, grant: record.grant,
            client: clients.shared(record.client), since: record.since)
        context.subscriberCounts.restore(record.counted)
        attach(slot, counted: record.counted)
        // The rules may be others now.
        if settings.access != nil { unchecked.append(subscribers.token(slot)) }
        proceed(slot, stream, subscription.gap)
    }

    /// Queues what the stream gets next.
    private mutating func proceed(_ slot: UInt32, _ stream: RecoveredStream, _ gap: Gap?) {
        let (token, framing) = (subscribers.token(slot), stream.record.form.framing)
        var output: [UInt8] = []
        var written = 0
        switch stream.progress {
        case .events(bytes: 0): break
        case .events(let bytes):
            // The rest of the event is lost with the others.
            guard gap == nil else { return subscribers.close(slot, .error) }
            record(subscriber: slot, ahead: bytes)
            subscribers.recovery.advance(slot, to: subscribers[slot].position, writing: 0)
            subscribers.setUnplaced(slot, bytes)
            return catchUp.append(token)
        case .heartbeat(let bytes):
            output = Heartbeat.bytes(framing)
            written = bytes
        }
        if let gap { output += framing.frame(EventEncoder.encode(ControlEvents.gap(gap))) }
        record(subscriber: slot, ahead: written)
        if written < output.count {
            subscribers.continueOutput(slot, .bytes(output, offset: written))
        } else {
            subscribers.recovery.advance(slot, to: subscribers[slot].position, writing: output.count)
        }
        catchUp.append(token)
    }
}
