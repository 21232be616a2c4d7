import Glibc
import Kernel
import Synchronization

/// Runs a workload: everybody arrives, it warms up, it is measured, what is under way arrives, and it is counted.
public struct Benchmark {
    private let workload: Workload
    private let course: Course
    private let server: ServerProcess?

    /// Why a benchmark could not be run.
    public struct Failure: Error, CustomStringConvertible {
        /// A sentence.
        public let description: String
    }

    /// What is taken at one moment.
    private struct Moment {
        let time = Clock.monotonicNanoseconds
        let processor: UInt64
        let delivered: Int
        let bytes: Int
        let published: Int
    }

    /// Prepares a workload.
    public init(_ workload: Workload) throws {
        self.workload = workload
        course = try Course()
        server = workload.process.map(ServerProcess.init(pid:))
        if let server, !server.isVisible {
            throw Failure(description: "there is no process \(server.pid), or it may not be looked at")
        }
    }

    /// Runs it.
    ///
    /// - Parameter progress: is told in a few words what goes on.
    public func run(progress: (String) -> Void) throws -> Report {
        let temperate = Array(repeating: Subscriber.Temper.prompt, count: workload.subscribers)
        let tempers =
            temperate + Array(repeating: .stalled, count: workload.stalled)
            + Array(repeating: .slow, count: workload.slow)
        let awaited = tempers.enumerated().map { (channel: $0 % workload.channels, temper: $1) }
        let memoryBefore = server?.memory ?? 0
        progress("\(awaited.count) subscribers arrive")
        let arrivalBegan = Clock.monotonicNanoseconds
        let processorBefore = server?.processorTime ?? 0
        let readers = try (0..<workload.threads).map { thread in
            let share = awaited.indices.filter { $0 % workload.threads == thread }.map { awaited[$0] }
            return try Runner("reader-\(thread)") { [workload, course] in
                var crowd = try Crowd(workload, course, share)
                crowd.run()
                return crowd.tally
            }
        }
        wait(atMost: 120_000) {
            course.arrived.load(ordering: .relaxed) == awaited.count || readers.allSatisfy(\.isDone)
        }
        let arrivalTime = Clock.monotonicNanoseconds - arrivalBegan
        let arrivalProcessor = Self.spent(from: processorBefore, to: server?.processorTime ?? 0)
        // The server, too, has now to come to rest.
        pause(300)
        let memoryIdle = server?.memory ?? 0

        var listeners = [Int](repeating: 0, count: workload.channels)
        for index in 0..<workload.subscribers { listeners[index % workload.channels] += 1 }
        let publisher = try Runner("publisher") { [workload, course, listeners] in
            var publishers = try Publishers(workload, course, listeners: listeners)
            publishers.run()
            return publishers.tally
        }
        progress("warming up")
        course.enter(.warmingUp)
        pause(workload.warmUp)
        progress("measuring")
        let start = moment
        course.enter(.measuring)
        var memoryPeak = memoryIdle
        let end = Clock.monotonic + workload.duration
        while Clock.monotonic < end {
            pause(min(250, end - min(end, Clock.monotonic)))
            memoryPeak = max(memoryPeak, server?.memory ?? 0)
        }
        let stop = moment
        course.enter(.finishing)
        progress("what is under way arrives")
        let sent = publisher.join()
        let expected = self.expected(sent.sent, listeners)
        var last = -1
        repeat {
            last = course.delivered.load(ordering: .relaxed)
            wait(atMost: workload.patience) { [course] in
                course.delivered.load(ordering: .relaxed) >= min(expected, last + 1)
            }
        } while course.delivered.load(ordering: .relaxed) < expected
            && course.delivered.load(ordering: .relaxed) > last
        course.enter(.over)
        var tally = sent
        for reader in readers { tally.add(reader.join()) }
        return Report(
            workload: workload, tally: tally, lost: max(0, expected - tally.got),
            seconds: Double(stop.time - start.time) / 1e9, published: stop.published - start.published,
            delivered: stop.delivered - start.delivered, bytes: stop.bytes - start.bytes,
            processor: server.map { _ in Self.spent(from: start.processor, to: stop.processor) },
            arrivalSeconds: Double(arrivalTime) / 1e9, arrivalProcessor: server.map { _ in arrivalProcessor },
            memory: server.map { _ in Report.Memory(before: memoryBefore, idle: memoryIdle, peak: memoryPeak) })
    }

    private var moment: Moment {
        Moment(
            processor: server?.processorTime ?? 0, delivered: course.delivered.load(ordering: .relaxed),
            bytes: course.bytes.load(ordering: .relaxed), published: course.published.load(ordering: .relaxed))
    }

    /// Events that all prompt subscribers together must get.
    private func expected(_ sent: [Int], _ listeners: [Int]) -> Int {
        listeners.enumerated().reduce(0) { sum, channel in
            let events = sent.enumerated().reduce(0) { $0 + workload.share(of: channel.0, in: $1.1, from: $1.0) }
            return sum + channel.1 * events
        }
    }

    /// Processor time between two looks; a process that has ended since takes what it had used with it.
    private static func spent(from start: UInt64, to stop: UInt64) -> UInt64 { max(start, stop) - start }

    private func pause(_ milliseconds: UInt64) {
        usleep(useconds_t(milliseconds * 1000))
    }

    private func wait(atMost milliseconds: UInt64, until isSo: () -> Bool) {
        let end = Clock.monotonic + milliseconds
        while !isSo(), Clock.monotonic < end { usleep(5000) }
    }
}

/// A thread that ends with a tally.
private final class Runner: Sendable {
    private let thread: Mutex<Thread?>
    private let result: Result

    private final class Result: Sendable {
        let tally = Mutex(Tally())
        let isDone = Atomic(false)
    }

    init(_ name: String, _ body: @escaping @Sendable () throws -> Tally) throws {
        let result = Result()
        self.result = result
        let thread = try Thread(named: name) {
            do {
                let tally = try body()
                result.tally.withLock { $0 = tally }
            } catch {
                result.tally.withLock { $0.fail("\(error)") }
            }
            result.isDone.store(true, ordering: .releasing)
        }
        self.thread = Mutex(thread)
    }

    var isDone: Bool { result.isDone.load(ordering: .acquiring) }

    func join() -> Tally {
        if let thread = thread.withLock({ $0.take() }) { thread.join() }
        return result.tally.withLock { $0 }
    }
}
