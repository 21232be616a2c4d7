import GRDB
import Synchronization
import SystemPackage

/// Copies the write-ahead log into the file on a thread of its own: the writing thread would stop for some milliseconds
/// each time.
final class Checkpointer: Sendable {
    /// Events and changed channels between two runs: some 4 MiB of the write-ahead log at most.
    private static let interval = 5_000
    /// The pages in the write-ahead log at which the writing thread itself copies the rest, so that the log begins at its
    /// start again: some 32 MiB.
    static let largestLog = 8_000

    private let queue: DatabaseQueue
    private let wakeup: SharedWakeup
    private let isStopping = Atomic<Bool>(false)
    private let changes = Atomic<Int>(0)

    /// - Parameter queue: a connection that nothing else uses.
    init(_ queue: DatabaseQueue) throws(Errno) {
        self.queue = queue
        wakeup = try SharedWakeup()
    }

    /// Counts the events and channels of a batch that was written.
    func count(_ written: Int) {
        guard changes.add(written, ordering: .relaxed).newValue >= Self.interval else { return }
        changes.store(0, ordering: .relaxed)
        wakeup.notify()
    }

    func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        wakeup.notify()
    }

    func run() {
        while !isStopping.load(ordering: .sequentiallyConsistent) {
            guard wakeup.wait(milliseconds: 10_000) else { continue }
            // It ignores errors, because the next run tries again, and the writing thread reports those of the disk.
            try? queue.writeWithoutTransaction { db in
                _ = try Row.fetchAll(db, sql: "PRAGMA wal_checkpoint(PASSIVE)")
            }
        }
        try? queue.close()
    }
}
