import Broadcasting
import EventStreams
import Testing
import TimeLimits

@testable import Clustering

@Suite(.endsInTime()) struct `A node that appends` {
    private let epoch = Epoch(description: "e")
    private let log: SimulatedLog
    private let appender: Appender

    init() {
        log = SimulatedLog(epoch)
        appender = Appender(log, node: "a", epoch: epoch, timeout: 100)
    }

    private func append(_ faults: [SimulatedLog.Fault], applied: UInt64 = 0) throws -> Appender.Outcome {
        // The claim of a name is a request too.
        _ = try? appender.claim()
        log.change { $0.faults = faults }
        var now: UInt64 = 1000
        let batch = SharedBatch(.end(try ChannelName("news")), since: now)
        return appender.append(
            batch, time: now, claim: nil, applied: applied, expect: { _ in },
            now: {
                now += 40
                return now
            }, pause: {}
        ).0
    }

    private var stored: Int { log.change { $0.entries.count } }

    @Test func `finds an entry whose answer was lost`() throws {
        #expect(try append([.lostAnswer]) == .appended)
        #expect(stored == 1)
    }

    @Test func `repeats an entry that got lost`() throws {
        #expect(try append([.dropped]) == .appended)
        #expect(stored == 1)
    }

    @Test func `does not say for certain what became of an entry without an answer`() throws {
        #expect(try append([.late, .dropped, .dropped, .dropped]) == .uncertain("the request is lost"))
    }

    @Test func `makes sure that an entry it has given up cannot follow a later one`() throws {
        _ = try append([.late, .dropped, .dropped, .dropped])
        #expect(try append([]) == .appended)
        log.change { state in
            let late = state.late.removeFirst()
            #expect(state.append(late.entry, late.place, late.epoch) != .appended(revision: state.revision))
        }
        #expect(stored == 1)
    }

    @Test func `asks whether a full store has stored the entry`() throws {
        #expect(try append([.full(isDone: true)]) == .appended)
        #expect(try append([.full(isDone: false)]) == .refused("the store is full"))
        #expect(stored == 1)
    }

    @Test func `does not say for certain that a full store has refused what may still be on its way`() throws {
        #expect(try append([.late, .full(isDone: false)]) == .uncertain("the store is full"))
    }

    @Test func `does not take back a name that another process has claimed`() throws {
        #expect(try append([]) == .appended)
        try log.claim(WriterPlace(node: "a", life: "other", count: 0))
        #expect(try append([]) == .nameTaken)
        #expect(try append([]) == .nameTaken)
        #expect(try log.place(of: "a")?.life == "other")
    }

    @Test func `notices that the store gives a revision again`() throws {
        #expect(try append([], applied: 7) == .putBack("the store was put back: it is at 2, and was at 7"))
    }

    @Test func `stops when the log has begun another epoch`() throws {
        log.change { $0.epoch = Epoch(description: "other") }
        #expect(try append([]) == .replaced("the log has begun a new epoch"))
    }
}
