import DequeModule

/// The changes that no batch has yet. Those of few events go ahead of the others, so that a publisher of one event never
/// waits for a queue of large arrays.
struct WaitingWrites {
    /// The most steps of a small write.
    private static let smallWrite = 16
    /// The most steps of a batch of small writes: to put a batch together holds the hub's lock.
    private static let smallBatch = 4096
    /// The most steps of a batch of other writes, because small ones that come meanwhile wait for it. A single publish may
    /// have more.
    private static let largeBatch = 1024

    private var small: Deque<WaitingWrite> = []
    private var large: Deque<WaitingWrite> = []
    /// Whether small writes went ahead the last time. Then it is the turn of the others, however many small ones come.
    private var isTurnOfLarge = false

    var isEmpty: Bool { small.isEmpty && large.isEmpty }

    mutating func append(_ write: WaitingWrite) {
        if write.steps <= Self.smallWrite { small.append(write) } else { large.append(write) }
    }

    /// Takes the writes of the next batch.
    mutating func take() -> [WaitingWrite] {
        if small.isEmpty || (isTurnOfLarge && !large.isEmpty) {
            isTurnOfLarge = false
            return Self.take(from: &large, steps: Self.largeBatch)
        }
        isTurnOfLarge = true
        return Self.take(from: &small, steps: Self.smallBatch)
    }

    private static func take(from queue: inout Deque<WaitingWrite>, steps: Int) -> [WaitingWrite] {
        let taken = Array(queue[...].prefix(steps: steps))
        queue.removeFirst(taken.count)
        return taken
    }
}
