import Broadcasting
import Kernel
import Synchronization
import SystemPackage

/// Reads events from the log for subscribers that resume from before the events in memory. One thread serves the requests
/// in order.
final class FetchRequests: Sendable {
    private let waiting = Guarded<[ArchiveFetch]>([])
    private let isStopping = Atomic<Bool>(false)
    private let wakeup: SharedWakeup

    init() throws(Errno) { wakeup = try SharedWakeup() }

    func add(_ request: ArchiveFetch) {
        waiting.withLock { $0.append(request) }
        wakeup.notify()
    }

    func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        wakeup.notify()
    }

    /// Makes ``serve(_:epoch:report:)`` possible again.
    func resume() { isStopping.store(false, ordering: .sequentiallyConsistent) }

    func serve(_ log: any SharedLog, epoch: Epoch, report: (LogFailure) -> Void) {
        while !isStopping.load(ordering: .sequentiallyConsistent) {
            _ = wakeup.wait(milliseconds: 1000)
            let requests = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            var failure: LogFailure?
            for request in requests {
                do throws(LogFailure) {
                    // Each would wait as long for an engine that does not answer.
                    if let failure { throw failure }
                    request.answer(try Self.read(request.asked, log, epoch))
                } catch {
                    if failure == nil { report(error) }
                    failure = error
                    request.fail()
                }
            }
        }
    }

    /// Reads events up to the first that the log does not have any more.
    static func read(_ asked: [UInt64], _ log: any SharedLog, _ epoch: Epoch) throws(LogFailure) -> [Frame] {
        var frames: [Frame] = []
        var rest = asked[...]
        while let first = rest.first {
            let revision = SharedNumber.revision(of: first)
            let group = rest.prefix { SharedNumber.revision(of: $0) == revision }
            rest = rest.dropFirst(group.count)
            guard let bytes = try log.read(revision), let entry = try? Entry(bytes, epoch: epoch) else { return frames }
            let events = entry.events
            for number in group {
                guard let event = events[SharedNumber.place(of: number)] else { return frames }
                frames.append(event.numbered(number, epoch: epoch, time: entry.time))
            }
        }
        return frames
    }
}

extension Entry {
    /// The events by their places.
    fileprivate var events: [Int: EncodedEvent] {
        var events: [Int: EncodedEvent] = [:]
        var place = 0
        for change in changes {
            if case .publish(let published, _) = change {
                for (index, event) in published.enumerated() { events[place + index] = event }
            }
            place += change.places
        }
        return events
    }
}
