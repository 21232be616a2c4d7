public import Broadcasting
import Synchronization

/// A shared log on etcd. One key is overwritten by each entry, and its revisions are the log.
public final class EtcdLog: SharedLog, Sendable {
    let settings: EtcdSettings
    let keys: EtcdKeys
    let endpoints: EtcdEndpoints
    let credentials: EtcdCredentials
    // One connection for each thread: a call must not wait for that of another.
    private let appending: Guarded<Relay<EtcdConnection>>
    private let tailing: Guarded<Relay<EtcdConnection>>
    private let reading: Guarded<Relay<EtcdConnection>>
    let controlling: Guarded<Relay<EtcdConnection>>
    /// The lease of the node, while it lives.
    let lease = Guarded<UInt64?>(nil)
    /// The store that this node knows; nil before it has been there.
    let store = Guarded<String?>(nil)

    /// Opens no connection yet.
    ///
    /// - Throws: when libcurl is missing.
    public init(_ settings: EtcdSettings) throws(LogFailure) {
        self.settings = settings
        keys = EtcdKeys(prefix: settings.prefix)
        let endpoints = EtcdEndpoints(settings.endpoints)
        let credentials = EtcdCredentials(user: settings.user, password: settings.password)
        (self.endpoints, self.credentials) = (endpoints, credentials)
        let identity = HTTPClient.Identity(
            authorities: settings.authorities, certificate: settings.certificate, key: settings.key)
        func connection() throws(LogFailure) -> Relay<EtcdConnection> {
            Relay(try EtcdConnection(endpoints, identity, credentials))
        }
        let relays = [try connection(), try connection(), try connection(), try connection()]
        appending = Guarded(relays[0])
        tailing = Guarded(relays[1])
        reading = Guarded(relays[2])
        controlling = Guarded(relays[3])
    }

    /// The address of the member in use.
    public var member: String { endpoints.current }

    func using<Value: Sendable>(
        _ relay: borrowing Guarded<Relay<EtcdConnection>>, _ body: (EtcdConnection) throws(LogFailure) -> Value
    ) throws(LogFailure) -> Value {
        try relay.withLock { relay in
            Result { () throws(LogFailure) in try body(relay.value) }
        }.get()
    }

    /// Checks that an answer is from the store that this node knows.
    func check(_ answer: EtcdAnswer) throws(LogFailure) -> EtcdAnswer {
        if let known = store.withLock({ $0 }), known != answer.cluster {
            endpoints.leave(endpoints.current)
            throw .replaced("a member is of another etcd: its store is \(answer.cluster), and that of the log \(known)")
        }
        return answer
    }

    // MARK: Appending

    /// See ``SharedLog/claim(_:)``.
    public func claim(_ place: WriterPlace) throws(LogFailure) {
        let key = keys.writers + place.node
        try using(appending) { connection throws(LogFailure) in
            for _ in 0..<Self.attempts {
                let stored = try check(connection.read(EtcdMethod.range, EtcdRequest.range(key))).pairs.first
                if stored?.value == place.value { return }
                let answer = try connection.call(
                    EtcdMethod.transaction,
                    EtcdRequest.transaction([.modified(key, stored?.modified ?? 0)], [.put(key, place.value)]))
                if answer.succeeded { return }
            }
            throw LogFailure.unreachable("others claim the name \(place.node) again and again")
        }
    }

    /// See ``SharedLog/place(of:)``.
    public func place(of node: String) throws(LogFailure) -> WriterPlace? {
        try using(appending) { connection throws(LogFailure) in
            let answer = try check(connection.read(EtcdMethod.range, EtcdRequest.range(keys.writers + node)))
            return WriterPlace(node, answer.pairs.first?.value)
        }
    }

    /// See ``SharedLog/append(_:at:epoch:)``.
    public func append(
        _ entry: [UInt8], at place: WriterPlace, epoch: Epoch
    ) throws(LogFailure) -> AppendOutcome {
        let key = keys.writers + place.node
        let mine = Array("\(epoch) \(store.withLock { $0 } ?? "")".utf8)
        let body = EtcdRequest.transaction(
            [.value(keys.epoch, mine), .value(key, place.value)],
            [.put(keys.entries, entry), .put(key, place.next.value)],
            otherwise: [.get(keys.epoch, keysOnly: false), .get(key, keysOnly: false)])
        return try using(appending) { connection throws(LogFailure) in
            let answer = try check(connection.call(EtcdMethod.transaction, body))
            if answer.succeeded { return .appended(revision: answer.revision) }
            let found = answer.found
            guard found.count == 2 else { throw LogFailure.unreachable("etcd answers without the values") }
            guard Self.epoch(found[0]) == epoch else { return .otherEpoch(Self.epoch(found[0])) }
            return .moved(WriterPlace(place.node, found[1]?.value))
        }
    }

    // MARK: Reading

    /// See ``SharedLog/beginning()``.
    public func beginning() throws(LogFailure) -> UInt64 {
        do throws(LogFailure) {
            _ = try using(reading) { connection throws(LogFailure) in
                try connection.read(EtcdMethod.range, EtcdRequest.range(keys.entries, revision: 1)).revision
            }
            return 0
        } catch {
            guard case .compacted = error else { throw error }
        }
        do throws(LogFailure) {
            // It ends at once, and tells where the log begins.
            try tail(after: 0, isStopped: { false }) { _ in }
            throw LogFailure.unreachable("etcd does not tell where the log begins")
        } catch {
            guard case .compacted(let revision) = error else { throw error }
            return revision
        }
    }

    /// See ``SharedLog/tail(after:isStopped:_:)``.
    public func tail(
        after revision: UInt64, isStopped: @escaping @Sendable () -> Bool, _ take: @escaping (TailItem) -> Void
    ) throws(LogFailure) {
        let body = EtcdRequest.watch(keys.watched, from: revision + 1)
        try using(tailing) { connection throws(LogFailure) in
            try connection.stream(EtcdMethod.watch, body, isStopped: isStopped) { message throws(LogFailure) in
                _ = try self.check(EtcdAnswer(message: message))
                let message = EtcdWatchMessage(message: message)
                if message.compacted > 0 { throw LogFailure.compacted(message.compacted - 1) }
                if let reason = message.end { throw LogFailure.unreachable("etcd has ended the watch: \(reason)") }
                for (pair, isDeleted) in message.changes { take(self.item(pair, isDeleted)) }
            }
        }
    }

    private func item(_ pair: EtcdPair, _ isDeleted: Bool) -> TailItem {
        let revision = pair.modified
        switch pair.key {
        case keys.entries where !isDeleted: return .entry(revision: revision, pair.value)
        case keys.epoch: return .epoch(revision: revision, isDeleted ? nil : Self.epoch(pair))
        case let key where key.hasPrefix(keys.nodes):
            return .node(revision: revision, String(key.dropFirst(keys.nodes.count)), isAlive: !isDeleted)
        default: return .reached(revision: revision)
        }
    }

    /// See ``SharedLog/read(_:)``.
    public func read(_ revision: UInt64) throws(LogFailure) -> [UInt8]? {
        try using(reading) { connection throws(LogFailure) in
            do throws(LogFailure) {
                let answer = try check(
                    connection.read(EtcdMethod.range, EtcdRequest.range(keys.entries, revision: revision)))
                return answer.pairs.first.flatMap { $0.modified == revision ? $0.value : nil }
            } catch {
                if case .compacted = error { return nil }
                throw error
            }
        }
    }

    /// See ``SharedLog/head()``.
    public func head() throws(LogFailure) -> LogHead {
        let body = EtcdRequest.transaction([], [.get(keys.epoch, keysOnly: false), .get(keys.entries, keysOnly: true)])
        return try using(controlling) { connection throws(LogFailure) in
            let answer = try check(connection.call(EtcdMethod.transaction, body))
            let found = answer.found
            guard found.count == 2 else { throw LogFailure.unreachable("etcd answers without the values") }
            return LogHead(
                epoch: Self.epoch(found[0]), store: answer.cluster, revision: answer.revision,
                entry: found[1]?.modified ?? 0)
        }
    }

    /// See ``SharedLog/moveOn()``.
    public func moveOn() { endpoints.leave(endpoints.current) }

    // MARK: Trimming

    /// See ``SharedLog/trim(below:)``.
    public func trim(below revision: UInt64) throws(LogFailure) {
        guard revision > 1 else { return }
        try using(controlling) { connection throws(LogFailure) in
            // A node that starts finds out by this whether somebody else has compacted the log.
            _ = try check(connection.call(EtcdMethod.transaction, writeFloor(revision - 1)))
            do throws(LogFailure) {
                _ = try connection.call(EtcdMethod.compact, EtcdRequest.number(revision - 1))
            } catch {
                // Somebody else has done it.
                guard case .compacted = error else { throw error }
            }
        }
    }
}

extension WriterPlace {
    /// The value of its key.
    var value: [UInt8] { Array("\(life) \(count)".utf8) }

    /// Reads the value of the key of a node.
    init?(_ node: String, _ value: [UInt8]?) {
        let parts = value.map { String(decoding: $0, as: UTF8.self).split(separator: " ") } ?? []
        guard parts.count == 2, let count = UInt64(parts[1]) else { return nil }
        self.init(node: node, life: String(parts[0]), count: count)
    }
}
