import Synchronization
import Testing
import TimeLimits

@testable import Broadcasting

@Suite(.endsInTime()) struct `A mailbox` {
    @Test func `wakes its loop only while the loop sleeps`() throws {
        let wakeups = Wakeups()
        let mailbox = Mailbox(wakeLoop: { wakeups.count.withLock { $0 += 1 } })
        mailbox.wake()
        #expect(wakeups.count.withLock { $0 } == 0)
        #expect(mailbox.prepareToSleep())
        mailbox.wake()
        mailbox.wake()
        #expect(wakeups.count.withLock { $0 } == 1)
    }

    @Test func `does not let its loop sleep while an item waits`() {
        let mailbox = Mailbox(wakeLoop: {})
        let frame = Frame(sequence: 1, time: 0, wire: [1, 2, 3])
        mailbox.deliver([MailboxItem(frame: frame, topic: TopicID(index: 0), work: 30, backlog: Backlog(), posted: 0)])
        #expect(!mailbox.prepareToSleep())
    }

    @Test func `counts work until it is done, and reports when a backlog falls to its limit`() {
        let mailbox = Mailbox(wakeLoop: {})
        let (frame, ofTopic) = (Frame(sequence: 1, time: 0, wire: [1, 2, 3]), Backlog())
        for _ in 0..<3 {
            mailbox.deliver([MailboxItem(frame: frame, topic: TopicID(index: 0), work: 30, backlog: ofTopic, posted: 0)]
            )
        }
        #expect(mailbox.backlog.current == 9 && ofTopic.current == 90)
        #expect(!ofTopic.subtract(30, limit: 40))
        #expect(ofTopic.subtract(30, limit: 40))
        #expect(!ofTopic.subtract(30, limit: 40))
        #expect(ofTopic.current == 0 && mailbox.backlog.current == 9)
    }
}

/// Counts the calls that wake a loop.
private final class Wakeups: Sendable {
    let count = Mutex(0)
}
