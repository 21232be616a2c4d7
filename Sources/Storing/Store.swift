public import Broadcasting
import EventStreams
import GRDB
import Kernel
public import Logging
import Synchronization
import SystemPackage

/// The history on disk: one SQLite file, a thread that writes and a thread that reads.
public final class Store: Archive, Sendable {
    /// What survives what.
    public enum Durability: String, Sendable, CaseIterable {
        /// An answered publish survives the end of the process, whatever ends it.
        case normal
        /// It survives the loss of power too: each write waits for the disk.
        case full
    }

    private let path: String
    private let durability: Durability
    private let log: Logger
    private let lock: FileLock
    private let writer: DatabaseQueue
    private let reader: DatabaseQueue
    private let bell: SharedBell
    private let requests: ReadRequests
    private let isStopping = Atomic<Bool>(false)
    private let threads = Guarded<[JoinOnce]>([])
    private let isFailing = Atomic<Bool>(false)

    /// Opens the file, or makes it.
    public init(path: String, durability: Durability, log: Logger) throws(StoreError) {
        self.path = path
        self.log = log
        do throws(Errno) {
            lock = try FileLock(path: path + ".lock")
            bell = SharedBell(try Wakeup())
            requests = ReadRequests(try Wakeup())
        } catch {
            throw StoreError(
                error == .wouldBlock ? "another crier has the file open" : "\(path).lock cannot be opened: \(error)")
        }
        do {
            var configuration = GRDB.Configuration()
            configuration.label = "crier"
            configuration.busyMode = .timeout(5)
            configuration.prepareDatabase { db in
                try db.execute(sql: "PRAGMA synchronous = \(durability == .full ? "FULL" : "NORMAL")")
                try db.execute(sql: "PRAGMA journal_size_limit = 4194304")
                try db.execute(sql: "PRAGMA cache_size = -4096")
            }
            writer = try DatabaseQueue(path: path, configuration: configuration)
            try writer.writeWithoutTransaction { db in try Schema.prepare(db) }
            var reading = GRDB.Configuration()
            reading.readonly = true
            reading.busyMode = .timeout(5)
            reading.prepareDatabase { db in try db.execute(sql: "PRAGMA cache_size = -4096") }
            reader = try DatabaseQueue(path: path, configuration: reading)
        } catch {
            throw StoreError(error)
        }
        self.durability = durability
    }

    /// Where the log goes on. The file is marked as in use from here on.
    public func begin() throws(StoreError) -> StoredState {
        do {
            return try writer.write { db in try Incarnation(durability).begin(db) }
        } catch {
            throw StoreError(error)
        }
    }

    /// Gives the hub every event that is held, the newest with their bytes. Events that are not as they were written are
    /// left out, and whoever comes back from before is told that there may be a gap.
    ///
    /// - Parameter memory: how many bytes of events stay in memory.
    public func restore(into hub: Hub, memory: Int) throws(StoreError) {
        do {
            let damaged = try reader.read { db in
                let findings = try String.fetchAll(db, sql: "PRAGMA quick_check(1)")
                guard findings == ["ok"] else { throw StoreError.damaged(findings.first ?? "") }
                return try Restorer(db).restore(into: hub, memory: memory)
            }
            guard !damaged.isEmpty else { return }
            log.error(
                "events cannot be read back; subscribers are told",
                metadata: [
                    "path": "\(path)", "count": "\(damaged.count)", "first": "\(damaged[0])",
                ])
            let head = hub.markHistoryIncomplete()
            try writer.write { db in
                for row in damaged { try db.execute(sql: "DELETE FROM events WHERE sequence = ?", arguments: [row]) }
                try Incarnation(durability).doubt(head, db)
            }
        } catch {
            throw StoreError(error)
        }
    }

    /// Begins to write what the hub wants to be kept, and to read what it asks for.
    public func start(_ hub: Hub) throws(StoreError) {
        let batches: BatchWriter
        do {
            let channels = try writer.read { db in try StoredChannel.all(db) }
            // The state has been written by now, so the second of them is there as well.
            let files = [path, path + "-wal"].map(OpenFile.init)
            batches = BatchWriter(writer, files: files, channels: channels)
        } catch {
            throw StoreError(error)
        }
        let handover = Handover(batches)
        do throws(Errno) {
            let writing = try Thread(named: "crier-store") { [self] in write(hub, handover.take()) }
            let reading = try Thread(named: "crier-reader") { [self] in requests.serve(reader, log) }
            let joins = [JoinOnce(writing), JoinOnce(reading)]
            threads.withLock { $0 = joins }
        } catch {
            throw StoreError("no thread can be started: \(error)")
        }
    }

    /// Writes what is left, and closes the file.
    public func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        bell.wakeup.ring()
        requests.stop()
        for thread in threads.withLock({ $0 }) { thread.join() }
        try? writer.write { db in try Incarnation(durability).end(db) }
        try? reader.close()
        try? writer.close()
    }

    /// Whether the last write failed.
    public var hasFailed: Bool { isFailing.load(ordering: .relaxed) }

    // MARK: Archive

    /// See ``Broadcasting/Archive/wake()``.
    public func wake() { bell.wakeup.ring() }

    /// See ``Broadcasting/Archive/fetch(_:for:into:)``.
    public func fetch(_ asked: [UInt64], for token: UInt64, into mailbox: Mailbox) {
        requests.add(ReadRequests.Request(asked: asked, token: token, mailbox: mailbox))
    }

    // MARK: The writing thread

    /// Milliseconds without anything to write after which it is looked at what the file could give back.
    private static let pause = 1000
    /// Milliseconds after which that is done although there is always something to write.
    private static let patience: UInt64 = 30_000

    private func write(_ hub: Hub, _ batches: BatchWriter) {
        var caretaker = Caretaker(writer)
        var tidied = Clock.monotonic
        while true {
            var failed = false
            while !failed, let batch = hub.nextBatch() {
                do throws(StoreError) {
                    try batches.write(batch)
                    hub.commit(batch, now: Clock.realtime)
                    report(nil)
                } catch {
                    hub.refuse(batch, error.description)
                    report(error)
                    failed = true
                }
            }
            if isStopping.load(ordering: .sequentiallyConsistent) { return }
            let isBusy = bell.wait(milliseconds: Self.pause)
            if !failed, !isBusy || Clock.monotonic >= tidied + Self.patience {
                caretaker.tidy()
                tidied = Clock.monotonic
            }
        }
    }

    /// Says once that writing fails, and once that it works again.
    private func report(_ error: StoreError?) {
        let failed = isFailing.exchange(error != nil, ordering: .relaxed)
        if let error, !failed {
            log.error(
                "the history cannot be written, and publishers are refused",
                metadata: [
                    "path": "\(path)", "error": "\(error)",
                ])
        } else if error == nil, failed {
            log.notice("the history is written again", metadata: ["path": "\(path)"])
        }
    }
}

/// Brings what has one owner to another thread.
private final class Handover<Value>: @unchecked Sendable {
    private var value: Value?

    init(_ value: Value) { self.value = value }

    /// To be called once, by the thread that owns it from then on; starting that thread orders the two.
    func take() -> Value {
        defer { value = nil }
        return value!
    }
}

/// A thread that is waited for once.
private final class JoinOnce: Sendable {
    private let thread: Mutex<Thread?>

    init(_ thread: consuming sending Thread) { self.thread = Mutex(thread) }

    func join() { thread.withLock { $0.take() }?.join() }
}
