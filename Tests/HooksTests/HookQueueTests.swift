import Curl
import Testing

@testable import Hooks

@Suite struct `The queue of a hook` {
    private func message(_ subject: String, _ size: Int = 10) -> HookMessage {
        HookMessage("connect", about: subject, data: Array(repeating: UInt8(ascii: "1"), count: size))
    }

    private func subjects(_ messages: [HookMessage]) -> [String] { messages.map(\.subject) }

    @Test func `gives out the oldest messages, of each subject one, and the next when that has arrived`() {
        let queue = HookQueue(limit: 1 << 20)
        for subject in ["a", "b", "a", "c", "b"] { #expect(queue.add(message(subject))) }
        let first = queue.takeBatch(10, now: 0)
        #expect(subjects(first) == ["a", "b", "c"])
        #expect(queue.takeBatch(10, now: 0).isEmpty)
        for message in first { queue.delivered(message) }
        #expect(subjects(queue.takeBatch(10, now: 0)) == ["a", "b"])
        #expect(queue.count == 2)
    }

    @Test func `holds up what is about the subject of a failure, and nothing else`() {
        let queue = HookQueue(limit: 1 << 20)
        let bad = message("bad")
        _ = queue.add(bad)
        _ = queue.takeBatch(1, now: 0)
        queue.failed(bad, now: 0)
        for index in 0..<1000 {
            _ = queue.add(message("bad"))
            _ = queue.add(message("good \(index)"))
        }
        var others = 0
        while true {
            let batch = queue.takeBatch(50, now: 0)
            if batch.isEmpty { break }
            others += batch.count
            for message in batch { queue.delivered(message) }
        }
        #expect(others == 1000)
        let again = queue.takeBatch(50, now: 10_000)
        #expect(again.map(\.id) == [bad.id] && again[0].hasFailed)
    }

    @Test func `waits longer after each failure of a subject, and not after a success`() throws {
        let queue = HookQueue(limit: 1 << 20)
        let message = message("a")
        _ = queue.add(message)
        var waits: [UInt64] = []
        for _ in 0..<4 {
            _ = queue.takeBatch(1, now: .max - 1_000_000)
            queue.failed(message, now: 0)
            waits.append(try #require(queue.next))
        }
        #expect(waits[0] <= 1500 && waits[3] >= 4000)
        _ = queue.add(self.message("a"))
        queue.delivered(queue.takeBatch(1, now: .max - 1_000_000)[0])
        #expect(queue.next == 0)
    }

    @Test func `has no room for more bytes than its limit, until some have arrived`() {
        let queue = HookQueue(limit: 2 * message("a").size)
        #expect(queue.add(message("a")) && queue.add(message("b")))
        #expect(!queue.add(message("c")))
        queue.delivered(queue.takeBatch(1, now: 0)[0])
        #expect(queue.add(message("c")))
    }

    @Test func `takes nothing after its end, and says how much is lost, also of what is on its way`() {
        let queue = HookQueue(limit: 1 << 20)
        for subject in ["a", "b", "c"] { _ = queue.add(message(subject)) }
        let batch = queue.takeBatch(1, now: 0)
        #expect(queue.close() == 3)
        queue.failed(batch[0], now: 0)
        #expect(!queue.add(message("c")))
        #expect(queue.count == 0)
    }
}

@Suite struct `The outcome of a message` {
    @Test func `depends on the answer`() {
        #expect(HookOutcome(.answered(status: 204, body: [])) == .delivered)
        #expect(HookOutcome(.answered(status: 410, body: [])) == .gone)
        #expect(HookOutcome(.answered(status: 403, body: [])) == .refused("the answer is 403"))
        #expect(HookOutcome(.answered(status: 500, body: [])) == .failed("the answer is 500", isOutage: false))
        #expect(HookOutcome(.answered(status: 503, body: [])) == .failed("the answer is 503", isOutage: true))
        #expect(HookOutcome(.failed("no")) == .failed("no", isOutage: true))
    }
}
