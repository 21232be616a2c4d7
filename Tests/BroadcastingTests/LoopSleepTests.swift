import Broadcasting
import Dispatch
import Synchronization
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `A loop that falls asleep` {
    private final class Count: Sendable {
        let value = Atomic<Int>(0)
    }

    @Test func `is woken by a completion that another thread posts at that moment`() {
        let rounds = 200_000
        let collected = Count()
        let wakeup = DispatchSemaphore(value: 0)
        let mailbox = Mailbox(wakeLoop: { wakeup.signal() })
        DispatchQueue(label: "another thread").async {
            for round in 0..<rounds {
                // The loop has just taken the last one, and is about to look and to fall asleep.
                while collected.value.load(ordering: .acquiring) < round {}
                mailbox.complete(.ended(UInt64(round), subscribers: 0))
            }
        }
        var count = 0
        while count < rounds {
            if mailbox.prepareToSleep() {
                let isWoken = wakeup.wait(timeout: .now() + 10) == .success
                guard isWoken else {
                    Issue.record("nobody woke the loop in round \(count)")
                    break
                }
            }
            mailbox.didWake()
            count += mailbox.collectCompletions().count
            collected.value.store(count, ordering: .releasing)
        }
        // The other thread ends, whatever happened.
        collected.value.store(rounds, ordering: .releasing)
    }
}
