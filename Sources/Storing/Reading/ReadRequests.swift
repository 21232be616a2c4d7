import Broadcasting
import GRDB
import Kernel
import Logging
import Synchronization
import SystemPackage

/// Reads events from the file for subscribers that resume from before the events in memory. One thread serves the
/// requests in order.
final class ReadRequests: Sendable {
    private let waiting = Guarded<[ArchiveFetch]>([])
    private let isStopping = Atomic<Bool>(false)
    private let wakeup: SharedWakeup

    init() throws(Errno) {
        wakeup = try SharedWakeup()
    }

    func add(_ request: ArchiveFetch) {
        waiting.withLock { $0.append(request) }
        wakeup.notify()
    }

    func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        wakeup.notify()
    }

    func serve(_ queue: DatabaseQueue, _ log: Logger) {
        while !isStopping.load(ordering: .sequentiallyConsistent) {
            _ = wakeup.wait(milliseconds: 1000)
            let requests = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            for request in requests { answer(request, queue, log) }
        }
    }

    private func answer(_ request: ArchiveFetch, _ queue: DatabaseQueue, _ log: Logger) {
        var frames: [Frame] = []
        do {
            try queue.read { db in try Self.read(request.asked, db, &frames) }
        } catch {
            // A disk that fails for the moment has lost nothing.
            log.error("cannot read the history", metadata: ["error": "\(StoreError(error))"])
            return request.fail()
        }
        request.answer(frames)
    }

    /// Reads events up to the first that is missing or damaged.
    private static func read(_ asked: [UInt64], _ db: Database, _ frames: inout [Frame]) throws {
        guard let first = asked.first, let last = asked.last else { return }
        var channels = ChannelNames(db)
        // Read one range when the numbers are close together, else one event at a time.
        guard last - first >= 4 * UInt64(asked.count) else {
            let rows = try Row.fetchCursor(
                db, sql: "SELECT \(EventRow.columns) FROM events WHERE sequence BETWEEN ? AND ? ORDER BY sequence",
                arguments: [Int64(first), Int64(last)])
            while frames.count < asked.count, let row = try rows.next() {
                guard let stored = EventRow(row) else { return }
                if stored.sequence < asked[frames.count] { continue }
                guard stored.sequence == asked[frames.count] else { return }
                frames.append(stored.frame(try channels.names(of: stored)))
            }
            return
        }
        let select = try db.cachedStatement(sql: "SELECT \(EventRow.columns) FROM events WHERE sequence = ?")
        for sequence in asked {
            guard let row = try Row.fetchOne(select, arguments: [Int64(sequence)]), let stored = EventRow(row),
                stored.sequence == sequence
            else { return }
            frames.append(stored.frame(try channels.names(of: stored)))
        }
    }
}
