import Broadcasting
import Envelopes
import EventStreams

/// A publish whose body is published as it comes.
final class PublishStream {
    private enum Reader {
        case lines(EnvelopeLines)
        case events(EventStreamReader, [ChannelName])
    }

    private var reader: Reader
    /// What has been read and not been published yet.
    private var waiting: ArraySlice<Publication> = []
    private var published = 0
    private var first: String?
    private var last: String?
    /// Why it does not go on; what was read before is still published.
    private(set) var problem: Problem?
    /// The whole body has been read.
    private(set) var hasEnded = false

    /// Events that are published at once: the hub's lock is held for as long.
    private static let sliceLimit = 512

    /// - Parameter limit: the most bytes of an event.
    init(_ request: PublishRequest, limit: Int, channelLimit: Int) {
        if case .eventStream = request.form {
            reader = .events(EventStreamReader(limit: limit), request.channels)
        } else {
            let rules = Envelope.Rules(channels: request.channels, channelLimit: channelLimit)
            reader = .lines(EnvelopeLines(rules, limit: limit))
        }
    }

    /// Takes the next bytes of the body.
    func feed(_ bytes: Span<UInt8>) {
        guard problem == nil else { return }
        var read = Array(waiting)
        switch reader {
        case .lines(var lines):
            reader = .lines(EnvelopeLines.none)
            do throws(Envelope.Misplaced) { try lines.feed(bytes, into: &read) } catch { refuse(error) }
            reader = .lines(lines)
        case .events(var events, let channels):
            reader = .lines(EnvelopeLines.none)
            var found: [Event] = []
            do throws(EventStreamReader.Failure) { try events.feed(bytes, into: &found) } catch { refuse(error) }
            reader = .events(events, channels)
            read += found.map { Publication($0, to: channels) }
        }
        waiting = read[...]
    }

    /// Takes the end of the body.
    func finish() {
        hasEnded = true
        guard problem == nil else { return }
        switch reader {
        case .lines(var lines):
            var read = Array(waiting)
            do throws(Envelope.Misplaced) { try lines.finish(into: &read) } catch { refuse(error) }
            waiting = read[...]
        case .events(let events, _):
            do throws(EventStreamReader.Failure) { try events.finish() } catch { refuse(error) }
        }
    }

    private func refuse(_ error: Envelope.Misplaced) { problem = Problem(400, "Line \(error.place): \(error.reason)") }

    private func refuse(_ error: EventStreamReader.Failure) {
        problem = Problem(400, "Line \(error.line): \(error.reason)")
    }

    /// What is to be published next; nil when nothing waits.
    func next() -> [Publication]? {
        guard !waiting.isEmpty else { return nil }
        let slice = Array(waiting.prefix(Self.sliceLimit))
        waiting = waiting.dropFirst(slice.count)
        return slice
    }

    /// Whether all that was read is published, and nothing more is to come.
    var isOver: Bool { waiting.isEmpty && (hasEnded || problem != nil) }

    /// Whether nothing is left to be published of what has come.
    var isIdle: Bool { waiting.isEmpty }

    /// Notes that a slice is in the log.
    func note(_ receipt: Receipt) {
        published += receipt.count
        first = first ?? receipt.first
        last = receipt.last
    }

    /// Gives up: neither the slice that was begun nor what waits is published.
    func stop(_ problem: Problem) {
        waiting = []
        self.problem = problem
    }

    /// What is said at the end.
    var answer: Answer {
        let counts =
            #""published":\#(published),"first":\#(JSONText.string(first)),"last":\#(JSONText.string(last))"#
        guard var problem else { return .json("{\(counts)}") }
        problem.members = counts
        problem.detail +=
            published == 0
            ? " Nothing was published."
            : " What came before it stays published: \(published) event\(published == 1 ? "" : "s"), the last with the id \(last ?? "")."
        return problem.answer
    }
}

extension EnvelopeLines {
    /// Stands where the real one is while that is being fed, so that its memory has one owner.
    fileprivate static let none = EnvelopeLines(Envelope.Rules(channels: [], channelLimit: 0), limit: 0)
}
