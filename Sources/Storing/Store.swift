public import Broadcasting
import EventStreams
import GRDB
import Kernel
public import Logging
import Synchronization
import SystemPackage

/// The history on disk: one SQLite file, a thread that writes and a thread that reads.
public final class Store: Archive, Sendable {
    /// Which failures an acknowledged publish survives.
    public enum Durability: String, Sendable, CaseIterable {
        /// It survives a crash of the process.
        case normal
        /// It also survives the loss of power: each write waits for the disk.
        case full
    }

    /// Seconds to wait for another program that uses the file.
    static let patience = 5.0

    private let path: String
    private let durability: Durability
    private let log: Logger
    private let lock: FileLock
    private let writer: DatabaseQueue
    private let reader: DatabaseQueue
    private let wakeup: SharedWakeup
    private let requests: ReadRequests
    private let isStopping = Atomic<Bool>(false)
    private let threads = Guarded<[JoinableThread]>([])
    private let isFailing = Atomic<Bool>(false)
    /// Rises at least once a second while the writing thread works.
    private let writerTurns = Atomic<Int>(0)

    /// Opens the file, or creates it.
    ///
    /// - Throws: when another process has the file open, or the file is not crier's, damaged or not writable.
    public init(path: String, durability: Durability, log: Logger) throws(StoreError) {
        self.path = path
        self.log = log
        do throws(Errno) {
            lock = try FileLock(path: path + ".lock")
            wakeup = try SharedWakeup()
            requests = try ReadRequests()
        } catch {
            throw StoreError(
                error == .wouldBlock ? "another crier has the file open" : "\(path).lock cannot be opened: \(error)")
        }
        do {
            var configuration = GRDB.Configuration()
            configuration.label = "crier"
            configuration.busyMode = .timeout(Self.patience)
            configuration.prepareDatabase { db in
                try db.execute(sql: "PRAGMA synchronous = \(durability == .full ? "FULL" : "NORMAL")")
                // See ``Checkpoints``.
                try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
                try db.execute(sql: "PRAGMA cache_size = -4096")
            }
            writer = try DatabaseQueue(path: path, configuration: configuration)
            try writer.writeWithoutTransaction { db in try Schema.prepare(db) }
            var reading = GRDB.Configuration()
            reading.readonly = true
            reading.busyMode = .timeout(Self.patience)
            reading.prepareDatabase { db in try db.execute(sql: "PRAGMA cache_size = -4096") }
            reader = try DatabaseQueue(path: path, configuration: reading)
        } catch {
            throw StoreError(error)
        }
        self.durability = durability
    }

    /// Reads the state that the log continues from, and marks the file as in use.
    ///
    /// - Throws: when the file contradicts itself; using it could then assign numbers twice.
    public func loadState() throws(StoreError) -> StoredState {
        do {
            return try writer.write { db in try EpochRecord(durability).load(db) }
        } catch {
            throw StoreError(error)
        }
    }

    /// Passes every retained event to the hub, the newest ones with their bytes. It deletes damaged events and marks
    /// the history before them as uncertain: a client that resumes from there gets a gap event. It also deletes the
    /// events that no channel retained any more when the last process ended.
    ///
    /// - Parameters:
    ///   - memory: the most bytes of events to keep in memory.
    ///   - progress: called now and then.
    public func restore(into hub: Hub, memory: Int, progress: () -> Void = {}) throws(StoreError) {
        do {
            let (damaged, undeleted) = try reader.read { db in
                let findings = try String.fetchAll(db, sql: "PRAGMA quick_check(1)")
                guard findings == ["ok"] else { throw StoreError.damaged(findings.first ?? "") }
                return try Restorer(db).restore(into: hub, memory: memory, progress: progress)
            }
            guard !damaged.isEmpty || !undeleted.isEmpty else { return }
            let uncertain = damaged.isEmpty ? nil : hub.markHistoryIncomplete()
            try writer.write { db in
                try BatchWriter.delete(undeleted + damaged, db)
                if let uncertain { try EpochRecord(durability).markUncertain(through: uncertain, db) }
            }
            guard let first = damaged.first else { return }
            log.error(
                "deleted damaged events; subscribers that resume from before them get a gap event",
                metadata: ["path": "\(path)", "count": "\(damaged.count)", "first": "\(first)"])
        } catch {
            throw StoreError(error)
        }
    }

    /// Starts the thread that writes the hub's batches and the thread that reads events for it.
    public func start(_ hub: Hub) throws(StoreError) {
        let batches: BatchWriter
        do {
            let channels = try writer.read { db in try ChannelRow.all(db) }
            // Opening has written to the file, so its -wal exists too.
            let files = [path, path + "-wal"].map(OpenFile.init)
            batches = BatchWriter(writer, files: files, channels: channels)
        } catch {
            throw StoreError(error)
        }
        let relay = Relay(batches)
        do throws(Errno) {
            let writing = try Thread(named: "crier-store") { [self] in write(hub, relay.take()) }
            let reading = try Thread(named: "crier-reader") { [self] in requests.serve(reader, log) }
            let joins = [JoinableThread(writing), JoinableThread(reading)]
            threads.withLock { $0 = joins }
        } catch {
            throw StoreError("cannot start a thread: \(error)")
        }
    }

    /// Writes all waiting batches, ends both threads and closes the file.
    public func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        wakeup.notify()
        requests.stop()
        for thread in threads.withLock({ $0 }) { thread.join() }
        try? writer.write { db in try EpochRecord(durability).markClosed(db) }
        try? reader.close()
        try? writer.close()
    }

    /// How many turns the writing thread has made. A thread whose number does not rise hangs.
    public var turns: Int { writerTurns.load(ordering: .relaxed) }

    /// Whether the last write failed.
    public var hasFailed: Bool { isFailing.load(ordering: .relaxed) }

    // MARK: Archive

    /// See ``Broadcasting/Archive/wake()``.
    public func wake() { wakeup.notify() }

    /// See ``Broadcasting/Archive/fetch(_:for:into:)``.
    public func fetch(_ asked: [UInt64], for token: UInt64, into mailbox: Mailbox) {
        requests.add(ArchiveFetch(asked: asked, token: token, mailbox: mailbox))
    }

    // MARK: The writing thread

    /// Milliseconds without a write before the thread vacuums the file.
    private static let idleTime = 1000
    /// The most milliseconds between two runs of the vacuum, even if there is always something to write.
    private static let vacuumInterval: UInt64 = 30_000

    private func write(_ hub: Hub, _ batches: BatchWriter) {
        var vacuum = Vacuum(writer)
        var checkpoints = Checkpoints(writer)
        var lastVacuum = Clock.monotonic
        while true {
            // Read first: a batch that comes between the last look at the queue and the stop must still be written.
            let isLast = isStopping.load(ordering: .sequentiallyConsistent)
            var failed = false
            writerTurns.add(1, ordering: .relaxed)
            while !failed, let batch = hub.nextBatch(now: Clock.steady, flushing: isLast) {
                writerTurns.add(1, ordering: .relaxed)
                do throws(StoreError) {
                    do throws(StoreError) { try batches.write(batch) } catch {
                        guard checkpoints.makeRoom() else { throw error }
                        try batches.write(batch)
                    }
                    hub.commit(batch, now: Clock.steady)
                    report(nil)
                    checkpoints.run()
                } catch {
                    hub.refuse(batch, error.description)
                    report(error)
                    failed = true
                }
            }
            if isLast { return }
            let isBusy = wakeup.wait(milliseconds: Self.idleTime)
            if !isBusy { checkpoints.runWhenIdle() }
            if !failed, !isBusy || Clock.monotonic >= lastVacuum + Self.vacuumInterval {
                vacuum.run()
                lastVacuum = Clock.monotonic
            }
        }
    }

    /// Logs the first failure of a series, and the first success after it.
    private func report(_ error: StoreError?) {
        let failed = isFailing.exchange(error != nil, ordering: .relaxed)
        if let error, !failed {
            log.error(
                "cannot write the history; publishers get errors",
                metadata: [
                    "path": "\(path)", "error": "\(error)",
                ])
        } else if error == nil, failed {
            log.notice("can write the history again", metadata: ["path": "\(path)"])
        }
    }
}
