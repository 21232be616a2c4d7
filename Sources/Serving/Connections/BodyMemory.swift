import Synchronization

/// The bytes of bodies that publishers have sent and crier has not answered, over all loops.
final class BodyMemory: Sendable {
    fileprivate let bytes = Atomic<Int>(0)
}

/// The bytes of one body, as they count in ``BodyMemory``.
struct BodyBytes: ~Copyable {
    private let all: BodyMemory
    private var count = 0

    init(_ all: BodyMemory) {
        self.all = all
    }

    deinit { all.bytes.subtract(count, ordering: .relaxed) }

    /// Counts some more bytes, unless all bodies together then have more than a limit.
    ///
    /// - Returns: whether it has counted them.
    mutating func add(_ more: Int, limit: Int) -> Bool {
        guard all.bytes.add(more, ordering: .relaxed).newValue <= limit else {
            all.bytes.subtract(more, ordering: .relaxed)
            return false
        }
        count += more
        return true
    }

    /// Counts no more than this any longer.
    mutating func lower(to most: Int) {
        guard count > most else { return }
        all.bytes.subtract(count - most, ordering: .relaxed)
        count = most
    }
}
