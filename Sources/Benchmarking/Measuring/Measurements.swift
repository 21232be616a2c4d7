/// The counts and latencies that a thread has measured.
struct Measurements: Sendable {
    /// From the stamp to its arrival at the subscriber, while measuring.
    var delivery = Latencies()
    /// From the start of a publish to the end of its answer, while measuring.
    var answer = Latencies()
    /// From the start of a connection to the end of the response head, at the start of the benchmark.
    var connect = Latencies()
    /// The same, for connect-only subscribers while measuring.
    var connectOnly = Latencies()

    /// Events that immediate subscribers received; see ``Subscriber`` for the others.
    var received = 0
    var missed = 0
    var repeated = 0
    var damaged = 0
    /// Slow and stalled subscribers whose connection the server closed.
    var cut = 0
    /// Events that slow subscribers did not receive between two that they received.
    var skipped = 0
    /// Events that the server acknowledged.
    var published = 0
    /// The number of events that each publisher has sent.
    var sent: [Int] = []
    /// The numbers of the next events for each immediate subscriber.
    var expected: [(channel: Int, next: [UInt32])] = []

    private(set) var failures = 0
    private(set) var firstFailure: String?

    mutating func fail(_ reason: String) {
        failures += 1
        if firstFailure == nil { firstFailure = reason }
    }

    mutating func add(_ subscriber: Subscriber) {
        repeated += subscriber.repeated
        damaged += subscriber.damaged
        guard subscriber.pace == .immediate else {
            skipped += subscriber.missed
            return
        }
        received += subscriber.received
        missed += subscriber.missed
        expected.append((subscriber.channel, subscriber.next))
    }

    mutating func add(_ other: Measurements) {
        delivery.add(other.delivery)
        answer.add(other.answer)
        connect.add(other.connect)
        connectOnly.add(other.connectOnly)
        received += other.received
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
