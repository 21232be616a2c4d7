/// What a thread has counted.
struct Tally: Sendable {
    /// From the stamp to the subscriber, while measuring.
    var delivery = Latencies()
    /// From the first byte of a publish to the end of its answer, while measuring.
    var answer = Latencies()
    /// From the beginning of a connection to the end of the response head.
    var arrival = Latencies()
    /// The same, for those who came while measuring.
    var visit = Latencies()

    var got = 0
    var missed = 0
    var repeated = 0
    var damaged = 0
    /// Slow and stalled subscribers whose connection the server ended.
    var cut = 0
    /// Events that slow subscribers did not get, between those that they got.
    var skipped = 0
    /// Events whose publisher was told so.
    var published = 0
    /// Events that each publisher has sent, by its number.
    var sent: [Int] = []
    /// The numbers of the events that each prompt subscriber expects next.
    var expected: [(channel: Int, next: [UInt32])] = []

    private(set) var failures = 0
    private(set) var firstFailure: String?

    mutating func fail(_ why: String) {
        failures += 1
        if firstFailure == nil { firstFailure = why }
    }

    mutating func add(_ subscriber: Subscriber) {
        repeated += subscriber.repeated
        damaged += subscriber.damaged
        guard subscriber.temper == .prompt else {
            skipped += subscriber.missed
            return
        }
        got += subscriber.got
        missed += subscriber.missed
        expected.append((subscriber.channel, subscriber.next))
    }

    mutating func add(_ other: Tally) {
        delivery.add(other.delivery)
        answer.add(other.answer)
        arrival.add(other.arrival)
        visit.add(other.visit)
        got += other.got
        missed += other.missed
        repeated += other.repeated
        damaged += other.damaged
        cut += other.cut
        skipped += other.skipped
        published += other.published
        sent += other.sent
        expected += other.expected
        failures += other.failures
        if firstFailure == nil { firstFailure = other.firstFailure }
    }
}
