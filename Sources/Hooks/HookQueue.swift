import Broadcasting
import DequeModule
import Kernel

/// The messages that wait for one hook, oldest first. Any thread adds, and the thread of the hook takes.
final class HookQueue: Sendable {
    private struct State {
        var waiting: Deque<HookMessage> = []
        var bytes = 0
        var isOpen = true
    }

    /// How many of the oldest messages one batch is chosen from.
    private static let scanned = 256

    private let state = Guarded(State())
    private let limit: Int

    /// - Parameter limit: the most bytes that wait.
    init(limit: Int) { self.limit = limit }

    /// Adds a message.
    ///
    /// - Returns: whether there was room, and whether it is the only one.
    func add(_ message: HookMessage) -> (isAdded: Bool, isFirst: Bool) {
        state.withLock { state in
            guard state.isOpen, state.bytes + message.size <= limit else { return (false, false) }
            state.bytes += message.size
            state.waiting.append(message)
            return (true, state.waiting.count == 1)
        }
    }

    /// Takes the oldest messages, of each subject one: a message must not overtake another one about the same thing.
    func takeBatch(_ count: Int) -> [HookMessage] {
        state.withLock { state in
            var batch: [HookMessage] = []
            var others: [HookMessage] = []
            var subjects: Set<String> = []
            for _ in 0..<min(Self.scanned, state.waiting.count) where batch.count < count {
                let message = state.waiting.removeFirst()
                if subjects.insert(message.subject).inserted {
                    batch.append(message)
                    state.bytes -= message.size
                } else {
                    others.append(message)
                }
            }
            state.waiting.prepend(contentsOf: others)
            return batch
        }
    }

    /// Puts messages back that could not be delivered, before all others.
    func putBack(_ messages: [HookMessage]) {
        state.withLock { state in
            state.waiting.prepend(contentsOf: messages)
            state.bytes += messages.reduce(0) { $0 + $1.size }
        }
    }

    /// Takes no more messages, and forgets those that wait.
    ///
    /// - Returns: how many there were.
    func close() -> Int {
        state.withLock { state in
            defer { (state.waiting, state.bytes, state.isOpen) = ([], 0, false) }
            return state.waiting.count
        }
    }

    /// How many messages wait.
    var count: Int { state.withLock { $0.waiting.count } }
}
