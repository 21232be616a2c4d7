import Testing

@testable import Hooks

@Suite struct `The queue of a hook` {
    private func message(_ subject: String, _ size: Int = 10) -> HookMessage {
        HookMessage("connect", about: subject, data: Array(repeating: UInt8(ascii: "1"), count: size))
    }

    private func subjects(_ messages: [HookMessage]) -> [String] { messages.map(\.subject) }

    @Test func `gives out the oldest messages, of each subject one`() {
        let queue = HookQueue(limit: 1 << 20)
        for subject in ["a", "b", "a", "c", "b"] { #expect(queue.add(message(subject)).isAdded) }
        #expect(subjects(queue.takeBatch(2)) == ["a", "b"])
        #expect(subjects(queue.takeBatch(10)) == ["a", "c", "b"])
        #expect(queue.takeBatch(10).isEmpty)
    }

    @Test func `gives a message that was put back before any other about the same`() {
        let queue = HookQueue(limit: 1 << 20)
        let first = message("a")
        _ = queue.add(first)
        _ = queue.add(message("a"))
        _ = queue.add(message("b"))
        queue.putBack(queue.takeBatch(1))
        let batch = queue.takeBatch(10)
        #expect(subjects(batch) == ["a", "b"])
        #expect(batch[0].id == first.id)
    }

    @Test func `has no room for more bytes than its limit, until some are taken`() {
        let queue = HookQueue(limit: 2 * message("a").size)
        #expect(queue.add(message("a")) == (true, true))
        #expect(queue.add(message("b")) == (true, false))
        #expect(!queue.add(message("c")).isAdded)
        _ = queue.takeBatch(1)
        #expect(queue.add(message("c")).isAdded)
    }

    @Test func `takes nothing after its end, and says how much is lost`() {
        let queue = HookQueue(limit: 1 << 20)
        for subject in ["a", "b"] { _ = queue.add(message(subject)) }
        #expect(queue.close() == 2)
        #expect(!queue.add(message("c")).isAdded)
        #expect(queue.count == 0)
    }
}
