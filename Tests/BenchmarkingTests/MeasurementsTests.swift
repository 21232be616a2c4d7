import Testing
import TimeLimits

@testable import Benchmarking

@Suite(.endsInTime()) struct `The measurements` {
    private func measurements(_ pace: Subscriber.ReadingPace) throws -> Measurements {
        var reader = try SubscriberReader(pace)
        try reader.take(subscriberHead)
        try reader.take([(0, 0), (0, 2), (0, 2)])
        try reader.take(framed(1, 0, lastByte: "x"))
        var measurements = Measurements()
        measurements.add(reader.subscriber)
        return measurements
    }

    @Test func `count missing events of an immediate subscriber as missed, and those of a slow one as skipped`() throws
    {
        let immediate = try measurements(.immediate)
        #expect(immediate.received == 3 && immediate.missed == 1 && immediate.skipped == 0)
        #expect(immediate.expected.map(\.channel) == [3] && immediate.expected.map(\.next) == [[3, 1]])
        let slow = try measurements(.slow)
        #expect(slow.received == 0 && slow.missed == 0 && slow.skipped == 1 && slow.expected.isEmpty)
        for measurements in [immediate, slow] { #expect(measurements.repeated == 1 && measurements.damaged == 1) }
    }

    @Test func `add up and keep the first failure`() throws {
        var sum = Measurements()
        var other = try measurements(.immediate)
        other.fail("one")
        other.fail("two")
        other.sent = [7]
        other.cut = 1
        other.delivery.record(nanoseconds: 1000)
        sum.add(other)
        sum.add(other)
        sum.add(try measurements(.slow))
        #expect(sum.received == 6 && sum.missed == 2 && sum.repeated == 3 && sum.damaged == 3 && sum.skipped == 1)
        #expect(sum.failures == 4 && sum.firstFailure == "one" && sum.sent == [7, 7] && sum.cut == 2)
        #expect(sum.delivery.count == 2 && sum.answer.count == 0)
    }
}
