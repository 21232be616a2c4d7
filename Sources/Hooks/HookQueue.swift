import Broadcasting
import DequeModule
import HeapModule
import Kernel

/// The messages that wait for one hook. Any thread adds, and the thread of the hook takes.
///
/// Messages about the same subject go out one after the other. One that fails holds up those about its subject, and no others.
final class HookQueue: Sendable {
    /// A moment at which messages about a subject may go out again.
    private struct Due: Comparable {
        let time: UInt64
        let subject: String

        static func < (one: Due, other: Due) -> Bool { one.time < other.time }
    }

    /// The messages about one subject of which one is on its way, or has failed.
    private struct Held {
        var messages: Deque<HookMessage> = []
        /// Failures since the last success.
        var failures = 0
    }

    private struct State {
        /// Messages about subjects that are not held, oldest first.
        var waiting: Deque<HookMessage> = []
        var held: [String: Held] = [:]
        var due = Heap<Due>()
        var bytes = 0
        var count = 0
        var isOpen = true
    }

    private let state = Guarded(State())
    private let limit: Int

    /// - Parameter limit: the most bytes that wait.
    init(limit: Int) { self.limit = limit }

    /// Adds a message.
    ///
    /// - Returns: whether there was room.
    func add(_ message: HookMessage) -> Bool {
        state.withLock { state in
            guard state.isOpen, state.bytes + message.size <= limit else { return false }
            state.bytes += message.size
            state.count += 1
            state.waiting.append(message)
            return true
        }
    }

    /// Takes messages that may go out now, of each subject one. ``delivered(_:)`` or ``failed(_:now:)`` must follow for each.
    ///
    /// - Parameter now: milliseconds of the monotonic clock.
    func takeBatch(_ count: Int, now: UInt64) -> [HookMessage] {
        state.withLock { state in
            var batch: [HookMessage] = []
            while batch.count < count, let next = state.due.min, next.time <= now {
                state.due.removeMin()
                if let message = state.held[next.subject]?.messages.popFirst() { batch.append(message) }
            }
            while batch.count < count, let message = state.waiting.popFirst() {
                if state.held[message.subject] != nil {
                    state.held[message.subject]?.messages.append(message)
                } else {
                    state.held[message.subject] = Held()
                    batch.append(message)
                }
            }
            return batch
        }
    }

    /// The message is out of the queue: it has arrived, or nobody wants it.
    func delivered(_ message: HookMessage) {
        state.withLock { state in
            state.bytes -= message.size
            state.count -= 1
            guard let held = state.held[message.subject] else { return }
            if held.messages.isEmpty {
                state.held[message.subject] = nil
            } else {
                state.held[message.subject]?.failures = 0
                state.due.insert(Due(time: 0, subject: message.subject))
            }
        }
    }

    /// The message has not arrived: it goes out again later.
    ///
    /// - Parameter now: milliseconds of the monotonic clock.
    func failed(_ message: HookMessage, now: UInt64) {
        var message = message
        message.hasFailed = true
        state.withLock { state in
            guard state.isOpen else { return }
            let failures = (state.held[message.subject]?.failures ?? 0) + 1
            state.held[message.subject, default: Held()].messages.prepend(message)
            state.held[message.subject]?.failures = failures
            state.due.insert(Due(time: now + HookPause.milliseconds(after: failures), subject: message.subject))
        }
    }

    /// When the next message may go out, in milliseconds of the monotonic clock: 0 for now; nil when none waits.
    var next: UInt64? { state.withLock { $0.waiting.isEmpty ? $0.due.min?.time : 0 } }

    /// Takes no more messages, and forgets those that wait.
    ///
    /// - Returns: how many there were, with those on their way.
    func close() -> Int {
        state.withLock { state in
            defer {
                state = State()
                state.isOpen = false
            }
            return state.count
        }
    }

    /// How many messages wait, with those on their way.
    var count: Int { state.withLock { $0.count } }
}
