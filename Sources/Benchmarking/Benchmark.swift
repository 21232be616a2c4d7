import Kernel
import Synchronization

/// Runs a workload: it connects the subscribers, warms up, measures, waits for the last events and reports.
public struct Benchmark {
    private let workload: Workload
    private let run: RunState
    private let server: ServerProcess?

    /// Why a benchmark could not be run.
    public struct Failure: Error, CustomStringConvertible {
        /// A sentence without a full stop.
        public let description: String
    }

    /// The counters at one time.
    private struct Sample {
        let time = Clock.monotonicNanoseconds
        let processor: UInt64
        let delivered: Int
        let bytes: Int
        let published: Int
    }

    /// Prepares a workload.
    ///
    /// - Throws: when the server's process does not exist or its memory is not readable.
    public init(_ workload: Workload) throws {
        self.workload = workload
        run = try RunState()
        server = workload.process.map(ServerProcess.init(pid:))
        if let server, !server.isVisible {
            throw Failure(description: "there is no process \(server.pid), or its memory is not readable")
        }
    }

    /// Runs the workload. It blocks until the end.
    ///
    /// - Parameter progress: called with a few words at each step.
    public func run(progress: (String) -> Void) throws -> Report {
        let immediate = Array(repeating: Subscriber.ReadingPace.immediate, count: workload.subscribers)
        let paces =
            immediate + Array(repeating: .stalled, count: workload.stalled)
            + Array(repeating: .slow, count: workload.slow)
        let pending = paces.enumerated().map { (channel: $0 % workload.channels, pace: $1) }
        let memoryBefore = server?.memory ?? 0
        progress("connecting \(pending.count) subscribers")
        let arrivalBegan = Clock.monotonicNanoseconds
        let processorBefore = server?.processorTime ?? 0
        let readers = try (0..<workload.threads).map { thread in
            let share = pending.indices.filter { $0 % workload.threads == thread }.map { pending[$0] }
            return try WorkerThread("reader-\(thread)") { [workload, run] in
                var pool = try SubscriberPool(workload, run, share)
                pool.run()
                return pool.measurements
            }
        }
        wait(atMost: 120_000) {
            run.connected.load(ordering: .relaxed) == pending.count || readers.allSatisfy(\.isDone)
        }
        let arrivalTime = Clock.monotonicNanoseconds - arrivalBegan
        let arrivalProcessor = Self.spent(from: processorBefore, to: server?.processorTime ?? 0)
        // Let the server finish its work for the new connections.
        pause(300)
        let memoryIdle = server?.memory ?? 0

        var listeners = [Int](repeating: 0, count: workload.channels)
        for index in 0..<workload.subscribers { listeners[index % workload.channels] += 1 }
        let publisher = try WorkerThread("publisher") { [workload, run, listeners] in
            var pool = try PublisherPool(workload, run, listeners: listeners)
            pool.run()
            return pool.measurements
        }
        progress("warming up")
        run.enter(.warmingUp)
        pause(workload.warmUp)
        progress("measuring")
        let start = sample
        run.enter(.measuring)
        var memoryPeak = memoryIdle
        let end = Clock.monotonic + workload.duration
        while Clock.monotonic < end {
            pause(min(250, end - min(end, Clock.monotonic)))
            memoryPeak = max(memoryPeak, server?.memory ?? 0)
        }
        let stop = sample
        run.enter(.finishing)
        progress("waiting for the last events")
        let sent = publisher.join()
        let expected = self.expected(sent.sent, listeners)
        var last = -1
        repeat {
            last = run.delivered.load(ordering: .relaxed)
            wait(atMost: workload.patience) { [run] in
                run.delivered.load(ordering: .relaxed) >= min(expected, last + 1)
            }
        } while run.delivered.load(ordering: .relaxed) < expected
            && run.delivered.load(ordering: .relaxed) > last
        run.enter(.over)
        var measurements = sent
        for reader in readers { measurements.add(reader.join()) }
        return Report(
            workload: workload, measurements: measurements, lost: max(0, expected - measurements.received),
            seconds: Double(stop.time - start.time) / 1e9, published: stop.published - start.published,
            delivered: stop.delivered - start.delivered, bytes: stop.bytes - start.bytes,
            processor: server.map { _ in Self.spent(from: start.processor, to: stop.processor) },
            arrivalSeconds: Double(arrivalTime) / 1e9, arrivalProcessor: server.map { _ in arrivalProcessor },
            memory: server.map { _ in Report.Memory(before: memoryBefore, idle: memoryIdle, peak: memoryPeak) })
    }

    private var sample: Sample {
        Sample(
            processor: server?.processorTime ?? 0, delivered: run.delivered.load(ordering: .relaxed),
            bytes: run.bytes.load(ordering: .relaxed), published: run.published.load(ordering: .relaxed))
    }

    /// Events that all immediate subscribers together must receive.
    private func expected(_ sent: [Int], _ listeners: [Int]) -> Int {
        listeners.enumerated().reduce(0) { sum, channel in
            let events = sent.enumerated().reduce(0) { $0 + workload.share(of: channel.0, in: $1.1, from: $1.0) }
            return sum + channel.1 * events
        }
    }

    /// Processor time between two samples. It is 0 if a process has ended since, since its time is then no longer
    /// counted.
    private static func spent(from start: UInt64, to stop: UInt64) -> UInt64 { max(start, stop) - start }

    private func pause(_ milliseconds: UInt64) {
        Thread.sleep(milliseconds: milliseconds)
    }

    private func wait(atMost milliseconds: UInt64, until isTrue: () -> Bool) {
        let end = Clock.monotonic + milliseconds
        while !isTrue(), Clock.monotonic < end { Thread.sleep(milliseconds: 5) }
    }
}
