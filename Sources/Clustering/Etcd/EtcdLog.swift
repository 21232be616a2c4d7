public import Broadcasting
import Synchronization

/// A shared log on etcd. One key is overwritten by each entry, and its revisions are the log.
public final class EtcdLog: SharedLog, Sendable {
    private let settings: EtcdSettings
    private let keys: EtcdKeys
    private let endpoints: EtcdEndpoints
    private let credentials: EtcdCredentials
    // One connection for each thread: a call must not wait for that of another.
    private let appending: Guarded<Relay>
    private let tailing: Guarded<Relay>
    private let reading: Guarded<Relay>
    private let controlling: Guarded<Relay>
    /// The lease of the node, while it lives.
    private let lease = Guarded<String?>(nil)
    /// The store that this node knows; nil before it has been there.
    private let store = Guarded<String?>(nil)

    /// Hands a connection from thread to thread, of which one at a time uses it; hence `@unchecked`.
    private final class Relay: @unchecked Sendable {
        let connection: EtcdConnection

        init(_ connection: EtcdConnection) { self.connection = connection }
    }

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
        func connection() throws(LogFailure) -> Relay { Relay(try EtcdConnection(endpoints, identity, credentials)) }
        let relays = [try connection(), try connection(), try connection(), try connection()]
        appending = Guarded(relays[0])
        tailing = Guarded(relays[1])
        reading = Guarded(relays[2])
        controlling = Guarded(relays[3])
    }

    /// The address of the member in use.
    public var member: String { endpoints.current }

    private func using<Value: Sendable>(
        _ relay: borrowing Guarded<Relay>, _ body: (EtcdConnection) throws(LogFailure) -> Value
    ) throws(LogFailure) -> Value {
        try relay.withLock { relay in
            Result { () throws(LogFailure) in try body(relay.connection) }
        }.get()
    }

    /// Checks that an answer is from the store that this node knows.
    private func check(_ answer: JSONTree) throws(LogFailure) -> JSONTree {
        guard let cluster = answer["header"]?["cluster_id"]?.text else { return answer }
        if let known = store.withLock({ $0 }), known != cluster {
            endpoints.leave(endpoints.current)
            throw .replaced("a member is of another etcd: its store is \(cluster), and that of the log \(known)")
        }
        return answer
    }

    // MARK: The epoch

    /// See ``SharedLog/open(proposing:seen:)``.
    public func open(proposing proposed: Epoch, seen: LogMark?) throws(LogFailure) -> LogMark {
        try using(controlling) { connection throws(LogFailure) in
            for _ in 0..<8 {
                let answer = try connection.read("/v3/kv/range", EtcdRequest.range(keys.epoch))
                guard let cluster = answer["header"]?["cluster_id"]?.text,
                    let revision = answer["header"]?["revision"]?.number
                else { throw LogFailure.unreachable("etcd answers without a header") }
                let stored = (answer["kvs"]?.elements ?? []).first
                let text = stored?["value"]?.bytes.map { String(decoding: $0, as: UTF8.self) }
                if let text, let mark = Self.mark(text, revision), mark.store == cluster {
                    let isBehind = seen.map { $0.epoch == mark.epoch && $0.revision > revision } ?? false
                    if !isBehind {
                        store.withLock { $0 = cluster }
                        return mark
                    }
                }
                // A new log, or a store that was put back.
                let value = Array("\(proposed) \(cluster)".utf8)
                _ = try connection.read(
                    "/v3/kv/txn",
                    EtcdRequest.transaction(
                        [.modified(keys.epoch, stored?["mod_revision"]?.number ?? 0)], [.put(keys.epoch, value)]))
            }
            throw LogFailure.unreachable("others change the epoch again and again")
        }
    }

    /// See ``SharedLog/replaceEpoch(_:with:)``.
    public func replaceEpoch(_ old: Epoch, with new: Epoch) throws(LogFailure) {
        try using(controlling) { connection throws(LogFailure) in
            let answer = try connection.read("/v3/kv/range", EtcdRequest.range(keys.epoch))
            guard let cluster = answer["header"]?["cluster_id"]?.text,
                let stored = (answer["kvs"]?.elements ?? []).first, let revision = stored["mod_revision"]?.number,
                let text = stored["value"]?.bytes.map({ String(decoding: $0, as: UTF8.self) }),
                text.hasPrefix("\(old) ")
            else { return }
            let value = Array("\(new) \(cluster)".utf8)
            _ = try connection.read(
                "/v3/kv/txn", EtcdRequest.transaction([.modified(keys.epoch, revision)], [.put(keys.epoch, value)]))
        }
    }

    private static func mark(_ text: String, _ revision: UInt64) -> LogMark? {
        let parts = text.split(separator: " ")
        guard parts.count == 2 else { return nil }
        return LogMark(epoch: Epoch(description: String(parts[0])), store: String(parts[1]), revision: revision)
    }

    private func epochValue(_ epoch: Epoch) -> [UInt8] { Array("\(epoch) \(store.withLock { $0 } ?? "")".utf8) }

    private static func epoch(_ value: JSONTree?) -> Epoch? {
        value?.bytes.flatMap { mark(String(decoding: $0, as: UTF8.self), 0) }?.epoch
    }

    // MARK: Appending

    /// See ``SharedLog/claim(_:)``.
    public func claim(_ place: WriterPlace) throws(LogFailure) {
        try using(appending) { connection throws(LogFailure) in
            for _ in 0..<8 {
                let stored = try stored(place.node, connection)
                let answer = try connection.call(
                    "/v3/kv/txn",
                    EtcdRequest.transaction(
                        [.modified(keys.writers + place.node, stored?["mod_revision"]?.number ?? 0)],
                        [.put(keys.writers + place.node, place.value)]))
                if answer["succeeded"]?.isTrue == true { return }
            }
            throw LogFailure.unreachable("others claim the name \(place.node) again and again")
        }
    }

    private func stored(_ node: String, _ connection: EtcdConnection) throws(LogFailure) -> JSONTree? {
        let answer = try check(connection.read("/v3/kv/range", EtcdRequest.range(keys.writers + node)))
        return (answer["kvs"]?.elements ?? []).first
    }

    /// See ``SharedLog/place(of:)``.
    public func place(of node: String) throws(LogFailure) -> WriterPlace? {
        try using(appending) { connection throws(LogFailure) in
            WriterPlace(node, try stored(node, connection)?["value"]?.bytes)
        }
    }

    /// See ``SharedLog/append(_:at:epoch:)``.
    public func append(
        _ entry: [UInt8], at place: WriterPlace, epoch: Epoch
    ) throws(LogFailure) -> AppendOutcome {
        let key = keys.writers + place.node
        let body = EtcdRequest.transaction(
            [.value(keys.epoch, epochValue(epoch)), .value(key, place.value)],
            [.put(keys.entries, entry), .put(key, place.next.value)],
            otherwise: [.get(keys.epoch, keysOnly: false), .get(key, keysOnly: false)])
        return try using(appending) { connection throws(LogFailure) in
            let answer = try check(connection.call("/v3/kv/txn", body))
            if answer["succeeded"]?.isTrue == true { return .appended }
            let found = (answer["responses"]?.elements ?? []).map {
                ($0["response_range"]?["kvs"]?.elements ?? []).first?["value"]
            }
            guard found.count == 2 else { throw LogFailure.unreachable("etcd answers without the values") }
            guard Self.epoch(found[0]) == epoch else { return .otherEpoch(Self.epoch(found[0])) }
            return .moved(WriterPlace(place.node, found[1]?.bytes))
        }
    }

    // MARK: Reading

    /// See ``SharedLog/beginning()``.
    public func beginning() throws(LogFailure) -> UInt64 {
        do throws(LogFailure) {
            _ = try using(reading) { connection throws(LogFailure) in
                try connection.read("/v3/kv/range", EtcdRequest.range(keys.entries, revision: 1))
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
            try connection.stream("/v3/watch", body, isStopped: isStopped) { message throws(LogFailure) in
                guard let result = message["result"] else { return true }
                if let compacted = result["compact_revision"]?.number, compacted > 0 {
                    throw LogFailure.compacted(compacted - 1)
                }
                _ = try self.check(result)
                if result["canceled"]?.isTrue == true {
                    throw LogFailure.unreachable(result["cancel_reason"]?.text ?? "etcd has ended the watch")
                }
                for event in result["events"]?.elements ?? [] {
                    if let item = self.item(event) { take(item) }
                }
                return true
            }
        }
    }

    private func item(_ event: JSONTree) -> TailItem? {
        guard let pair = event["kv"], let key = pair["key"]?.bytes.map({ String(decoding: $0, as: UTF8.self) }),
            let revision = pair["mod_revision"]?.number
        else { return nil }
        let isDeleted = event["type"]?.text == "DELETE"
        switch key {
        case keys.entries: return .entry(revision: revision, pair["value"]?.bytes ?? [])
        case keys.epoch: return .epoch(revision: revision, isDeleted ? nil : Self.epoch(pair["value"]))
        case _ where key.hasPrefix(keys.nodes):
            return .node(revision: revision, String(key.dropFirst(keys.nodes.count)), isAlive: !isDeleted)
        default: return .reached(revision: revision)
        }
    }

    /// See ``SharedLog/read(_:)``.
    public func read(_ revision: UInt64) throws(LogFailure) -> [UInt8]? {
        try using(reading) { connection throws(LogFailure) in
            do throws(LogFailure) {
                let answer = try check(
                    connection.read("/v3/kv/range", EtcdRequest.range(keys.entries, revision: revision)))
                let pair = (answer["kvs"]?.elements ?? []).first
                return pair?["mod_revision"]?.number == revision ? pair?["value"]?.bytes : nil
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
            let answer = try check(connection.call("/v3/kv/txn", body))
            guard let header = answer["header"], let cluster = header["cluster_id"]?.text,
                let revision = header["revision"]?.number, let found = answer["responses"]?.elements, found.count == 2
            else { throw LogFailure.unreachable("etcd answers without a header") }
            let pairs = found.map { ($0["response_range"]?["kvs"]?.elements ?? []).first }
            return LogHead(
                epoch: Self.epoch(pairs[0]?["value"]), store: cluster, revision: revision,
                entry: pairs[1]?["mod_revision"]?.number ?? 0)
        }
    }

    // MARK: Trimming

    /// See ``SharedLog/trim(below:)``.
    public func trim(below revision: UInt64) throws(LogFailure) {
        guard revision > 1 else { return }
        try using(controlling) { connection throws(LogFailure) in
            do throws(LogFailure) {
                _ = try connection.call("/v3/kv/compaction", Array(#"{"revision":"\#(revision - 1)"}"#.utf8))
            } catch {
                // Somebody else has done it.
                guard case .compacted = error else { throw error }
            }
        }
    }

    // MARK: Nodes

    /// Seconds until the others take a silent node for gone.
    public static let leaseSeconds = 5

    /// See ``SharedLog/announce(_:renewing:)``.
    public func announce(_ node: String, renewing isRenewing: Bool) throws(LogFailure) {
        try using(controlling) { connection throws(LogFailure) in
            if let lease = lease.withLock({ $0 }) {
                let answer = try connection.call("/v3/lease/keepalive", Array(#"{"ID":"\#(lease)"}"#.utf8))
                if answer["result"]?["TTL"]?.number ?? 0 > 0 {
                    if isRenewing { try put(node, lease, connection) }
                    return
                }
            }
            self.lease.withLock { $0 = nil }
            let answer = try connection.call("/v3/lease/grant", Array(#"{"TTL":"\#(Self.leaseSeconds)"}"#.utf8))
            guard let lease = answer["ID"]?.text else { throw LogFailure.unreachable("etcd grants no lease") }
            try put(node, lease, connection)
            self.lease.withLock { $0 = lease }
        }
    }

    private func put(_ node: String, _ lease: String, _ connection: EtcdConnection) throws(LogFailure) {
        let value = Array(settings.status.utf8)
        _ = try check(connection.call("/v3/kv/put", EtcdRequest.put(keys.nodes + node, value, lease: lease)))
    }

    /// See ``SharedLog/leave(_:)``.
    public func leave(_ node: String) {
        _ = try? using(controlling) { connection throws(LogFailure) in
            guard let lease = lease.withLock({ $0 }) else { return }
            self.lease.withLock { $0 = nil }
            _ = try connection.call("/v3/lease/revoke", Array(#"{"ID":"\#(lease)"}"#.utf8))
        }
    }

    /// See ``SharedLog/nodes()``.
    public func nodes() throws(LogFailure) -> [String: [UInt8]] {
        try using(controlling) { connection throws(LogFailure) in
            let answer = try check(
                connection.read("/v3/kv/range", EtcdRequest.range(keys.nodes, isPrefix: true)))
            var nodes: [String: [UInt8]] = [:]
            for pair in answer["kvs"]?.elements ?? [] {
                guard let key = pair["key"]?.bytes else { continue }
                nodes[String(decoding: key.dropFirst(keys.nodes.utf8.count), as: UTF8.self)] = pair["value"]?.bytes
            }
            return nodes
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
