import DequeModule

/// The changes that no batch has yet. Those of few events go ahead of the others, so that a publisher of one event never
/// waits for a queue of large arrays.
struct WaitingWrites<Write: HasSteps> {
    /// The most steps of a small write.
    private static var smallWrite: Int { 16 }
    /// The most steps of a batch of small writes: to put a batch together holds the hub's lock.
    private static var smallBatch: Int { 4096 }
    /// The most steps of a batch of other writes, because small ones that come meanwhile wait for it. A single publish may
    /// have more.
    private static var largeBatch: Int { 1024 }

    private var small: Deque<Write> = []
    private var large: Deque<Write> = []
    /// Whether small writes went ahead the last time. Then it is the turn of the others, however many small ones come.
    private var isTurnOfLarge = false

    var isEmpty: Bool { small.isEmpty && large.isEmpty }

    mutating func append(_ write: Write) {
        if write.steps <= Self.smallWrite { small.append(write) } else { large.append(write) }
    }

    /// Takes the writes of the next batch.
    ///
    /// - Parameter fits: whether the batch has room for one more; the first fits always.
    mutating func take(while fits: (Write) -> Bool = { _ in true }) -> [Write] {
        if small.isEmpty || (isTurnOfLarge && !large.isEmpty) {
            isTurnOfLarge = false
            return Self.take(from: &large, steps: Self.largeBatch, while: fits)
        }
        isTurnOfLarge = true
        return Self.take(from: &small, steps: Self.smallBatch, while: fits)
    }

    /// The lowest value that any of the oldest writes has.
    func oldest(_ value: (Write) -> UInt64) -> UInt64? {
        [small.first, large.first].compactMap { $0.map(value) }.min()
    }

    private static func take(
        from queue: inout Deque<Write>, steps: Int, while fits: (Write) -> Bool
    ) -> [Write] {
        let batch = queue[...].prefix(steps: steps)
        var isFirst = true
        let taken = Array(
            batch.prefix { write in
                defer { isFirst = false }
                return fits(write) || isFirst
            })
        queue.removeFirst(taken.count)
        return taken
    }
}
