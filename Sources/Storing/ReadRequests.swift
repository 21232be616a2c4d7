import Broadcasting
import GRDB
import Kernel
import Logging
import Synchronization

/// What subscribers wait for that read further back than memory goes; served one after the other, on a thread of its own.
final class ReadRequests: Sendable {
    struct Request: Sendable {
        let asked: [UInt64]
        let token: UInt64
        let mailbox: Mailbox
    }

    private let waiting = Guarded<[Request]>([])
    private let isStopping = Atomic<Bool>(false)
    private let bell: SharedBell

    init(_ wakeup: consuming Wakeup) {
        bell = SharedBell(wakeup)
    }

    func add(_ request: Request) {
        waiting.withLock { $0.append(request) }
        bell.wakeup.ring()
    }

    func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        bell.wakeup.ring()
    }

    func serve(_ queue: DatabaseQueue, _ log: Logger) {
        while !isStopping.load(ordering: .sequentiallyConsistent) {
            _ = bell.wait(milliseconds: 1000)
            let requests = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            for request in requests { answer(request, queue, log) }
        }
    }

    private func answer(_ request: Request, _ queue: DatabaseQueue, _ log: Logger) {
        var frames: [Frame] = []
        do {
            try queue.read { db in try Self.read(request.asked, db, &frames) }
        } catch {
            log.error("the history cannot be read", metadata: ["error": "\(StoreError(error))"])
        }
        let missing = frames.count < request.asked.count ? request.asked[frames.count] : nil
        request.mailbox.complete(.fetched(request.token, frames, missing: missing))
    }

    /// Stops at the first that is not there as it was written.
    private static func read(_ asked: [UInt64], _ db: Database, _ frames: inout [Frame]) throws {
        guard let first = asked.first, let last = asked.last else { return }
        // One range when they are near to one another, else one by one.
        guard last - first >= 4 * UInt64(asked.count) else {
            let rows = try Row.fetchCursor(
                db, sql: "SELECT \(StoredRow.columns) FROM events WHERE sequence BETWEEN ? AND ? ORDER BY sequence",
                arguments: [Int64(first), Int64(last)])
            while frames.count < asked.count, let row = try rows.next() {
                guard let stored = StoredRow(row) else { return }
                if stored.sequence < asked[frames.count] { continue }
                guard stored.sequence == asked[frames.count] else { return }
                frames.append(stored.frame)
            }
            return
        }
        let select = try db.cachedStatement(sql: "SELECT \(StoredRow.columns) FROM events WHERE sequence = ?")
        for sequence in asked {
            guard let row = try Row.fetchOne(select, arguments: [Int64(sequence)]), let stored = StoredRow(row),
                stored.sequence == sequence
            else { return }
            frames.append(stored.frame)
        }
    }
}
