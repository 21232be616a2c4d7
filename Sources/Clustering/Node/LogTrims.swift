import Broadcasting
import DequeModule

/// The trims and the sizes of the entries that a log still has, so that one node can trim it.
struct LogTrims {
    private struct Sized {
        let revision: UInt64
        let bytes: Int
    }

    /// What is known of the trims that nodes may still need, oldest first: their revisions, and what they forgot.
    private var trims: Deque<(revision: UInt64, below: UInt64)> = []
    private var entries: Deque<Sized> = []
    private var bytes = 0
    /// Entries since the last trim, other than trims.
    private(set) var sinceTrim = 0
    private(set) var bytesSinceTrim = 0

    /// What the last trim forgot.
    var below: UInt64 { trims.last?.below ?? 0 }

    /// Bytes that an entry takes in the engine besides its own.
    private static let overhead = 256

    mutating func add(revision: UInt64, bytes count: Int) {
        entries.append(Sized(revision: revision, bytes: count + Self.overhead))
        bytes += count + Self.overhead
        sinceTrim += 1
        bytesSinceTrim += count + Self.overhead
    }

    mutating func add(trim revision: UInt64, below: UInt64) {
        // A trim does not forget what is still to come.
        let below = min(below, SharedNumber.first(of: revision + 1))
        sinceTrim = 0
        bytesSinceTrim = 0
        trims.append((revision, max(below, self.below)))
        while let first = entries.first, first.revision < SharedNumber.revision(of: below) {
            bytes -= entries.removeFirst().bytes
        }
    }

    /// What one node needs to know to trim the log.
    struct Figures {
        /// What the last trim forgot.
        var below: UInt64
        /// Entries since then, and their bytes.
        var entries: Int
        var bytes: Int
        /// See ``start(limit:)``.
        var start: UInt64
        /// See ``unneeded()``.
        var unneeded: UInt64
    }

    /// The figures, for a limit on all bytes.
    mutating func figures(limit: Int) -> Figures {
        Figures(
            below: below, entries: sinceTrim, bytes: bytesSinceTrim, start: start(limit: limit), unneeded: unneeded())
    }

    /// The revision from which on the entries have no more bytes than a limit; 0 when all of them have no more.
    func start(limit: Int) -> UInt64 {
        guard bytes > limit else { return 0 }
        var excess = bytes - limit
        for entry in entries {
            if excess <= 0 { return entry.revision }
            excess -= entry.bytes
        }
        return 0
    }

    /// The revision below which no node needs the log: one that reads from there decides everything that is retained as the
    /// others have. For that it needs what was in force when the oldest retained event was decided.
    mutating func unneeded() -> UInt64 {
        let oldest = SharedNumber.revision(of: below)
        while trims.count > 1, trims[1].revision < oldest { trims.removeFirst() }
        guard let first = trims.first, first.revision < oldest else { return 0 }
        return SharedNumber.revision(of: first.below)
    }
}
