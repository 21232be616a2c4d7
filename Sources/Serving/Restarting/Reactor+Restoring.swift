import Access
import Broadcasting
import Kernel
import Logging
import SystemPackage

/// Continues the connections of the process before.
extension Reactor {
    mutating func restore(_ restored: [RestoredConnection]) {
        let listeners = indexOfListener
        for connection in restored { restore(connection, listener: listeners[connection.record.listener]) }
        keepAllSockets()
    }

    /// The indexes of the listening sockets, by their keys.
    var indexOfListener: [String: UInt8] {
        Dictionary(
            context.listeners.enumerated().map { ($1.key, UInt8($0)) }, uniquingKeysWith: { first, _ in first })
    }

    /// Adds the connection of a socket.
    ///
    /// - Parameter listener: the index of its listening socket; nil when the configuration no longer has it.
    /// - Returns: its slot; nil when the kernel refuses to watch it. It is closed then.
    mutating func adopt(_ socket: CInt, _ proxied: Connection.ProxiedClient, listener: UInt8?) -> UInt32? {
        let transport = Transport(Descriptor(owning: socket))
        let address: IPAddress? =
            switch proxied {
            case .none: IPAddress(transport.peer)
            case .awaited, .unknown: nil
            case .known(let box): box.address
            }
        let arrival = Arrival(
            listener: listener ?? 0, admission: .served, address: acceptor.count(address, settings))
        context.connectionCount.add()
        context.status.connections.add(1)
        let isTCP = listener.map { context.listeners[Int($0)].isTCP } ?? true
        let slot = connections.insert(Connection(transport, arrival, hasShortReads: !isTCP, proxied: proxied))
        do throws(Errno) {
            try poller.watch(connections[slot].transport.descriptor, token: connections.token(slot).rawValue)
            return slot
        } catch {
            context.log.error("a connection cannot be watched", metadata: ["error": "\(error)"])
            connections.close(slot, .refused)
            return nil
        }
    }

    /// - Parameter listener: the index of its listening socket; nil when the configuration no longer has it.
    private mutating func restore(_ restored: RestoredConnection, listener: UInt8?) {
        let record = restored.record
        guard let slot = adopt(restored.socket, record.proxied, listener: listener) else {
            return leaveTopics(of: record)
        }
        switch record.stage {
        case .streaming(let subscriber): restore(subscriber, on: slot)
        case .lingering: connections.linger(slot)
        case .fresh, .idle:
            // Nobody knows any more what its client may ask for.
            guard listener != nil else { return connections.close(slot, .shutdown) }
            if case .idle = record.stage { connections[slot].state = .idle }
            connections.setTimeout(slot, after: settings.idleTimeout)
        }
    }

    private mutating func restore(_ record: SubscriberRecord, on connection: UInt32) {
        let slot = subscribers.nextSlot()
        let topics = addTopics(record, slot: slot)
        let isSlow = if case .reading(let isSlow) = record.course { isSlow } else { false }
        var subscriber = Subscriber(
            record.session, StreamHandle(connection: connection), record.form,
            .behind(.queued(record.pending), isSlow: isSlow), at: record.position, topics, grant: record.grant,
            client: clients.shared(record.client), since: record.since)
        subscriber.replayed = record.replayed
        _ = subscribers.insert(subscriber)
        subscribers.restorePushed(record.pushed, lastID: record.lastPushedID, to: slot)
        connections[connection].state = .streaming(subscriber: slot)
        context.subscriberCounts.restore(record.counted)
        attach(slot, counted: record.counted)
        // The rules may be others now.
        if settings.access != nil { unchecked.append(subscribers.token(slot)) }
        switch record.course {
        case .reading: recordAnew(slot)
        case .ending(let reason, let milliseconds):
            subscribers.continueEnding(slot, reason, timeout: milliseconds)
        }
        catchUp.append(subscribers.token(slot))
    }

    /// Leaves the topics of a subscriber that the loop cannot serve.
    private mutating func leaveTopics(of record: ConnectionRecord) {
        guard case .streaming(let subscriber) = record.stage else { return }
        let topics = addTopics(subscriber, slot: subscribers.nextSlot())
        leave(topics, form: subscriber.form, .error)
    }

    private mutating func addTopics(_ record: SubscriberRecord, slot: UInt32) -> SubscriberTopics {
        let cursors = record.memberships.map {
            TopicCursor(
                topic: $0.topic, reportedThrough: $0.reportedThrough, reportedEvictions: $0.reportedEvictions)
        }
        return fanOut.add(slot, record.form, cursors, cursors.map { context.hub.subject(of: $0.topic) })
    }
}
