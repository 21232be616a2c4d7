import Synchronization

/// The bytes of bodies that publishers have sent and crier has not answered, over all loops.
final class BodyMemory: Sendable {
    fileprivate let bytes = Atomic<Int>(0)
}

/// The bytes of one body, as they count in ``BodyMemory``: those after its first few.
struct BodyBytes: ~Copyable {
    private let all: BodyMemory
    private var size = 0

    /// The first bytes of each body do not count. So a few clients with large bodies that they never finish cannot keep
    /// the others from publishing small events.
    static let free = 8192

    init(_ all: BodyMemory) {
        self.all = all
    }

    deinit { all.bytes.subtract(Self.counted(size), ordering: .relaxed) }

    private static func counted(_ size: Int) -> Int { max(0, size - free) }

    /// Adds some more bytes, unless all bodies together then count for more than a limit.
    ///
    /// - Returns: whether it has added them.
    mutating func add(_ more: Int, limit: Int) -> Bool {
        let counted = Self.counted(size + more) - Self.counted(size)
        guard counted == 0 || all.bytes.add(counted, ordering: .relaxed).newValue <= limit else {
            all.bytes.subtract(counted, ordering: .relaxed)
            return false
        }
        size += more
        return true
    }

    /// Counts no more than this any longer.
    mutating func lower(to most: Int) {
        guard size > most else { return }
        all.bytes.subtract(Self.counted(size) - Self.counted(most), ordering: .relaxed)
        size = most
    }
}
