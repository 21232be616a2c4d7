import Access
import Broadcasting
import Envelopes
import EventStreams

/// A publish whose body crier publishes as it arrives, or passes on to one session.
final class PublishStream {
    private enum Reader {
        case lines(EnvelopeLines)
        case events(EventStreamReader, [ChannelName])
    }

    private var reader: Reader
    /// Events that were read. The first ``taken`` of them are published, or on their way.
    private var read: [Publication] = []
    private var taken = 0
    /// The channels of the others, counted for each event.
    private var waitingChannels = 0
    /// Bytes that were read since events were last taken.
    private var bytesAhead = 0
    private var published = 0
    private var first: String?
    private var last: String?
    /// The reason for which crier reads no further. It still publishes the events read before, except after
    /// ``stop(_:)``.
    private(set) var problem: Problem?
    /// The whole body has been read.
    private(set) var hasEnded = false

    /// The session that the events are for; nil for a publish.
    let session: SessionID?
    /// A comment to send before the first events for a session.
    private var comment: String?

    /// What the publisher may do, and until when; nil when everybody may publish.
    let grant: Grant?
    /// The most channels of the events in one publish, unless it is a single event.
    private let sliceLimit: Int
    /// The most bytes of data in one publish, unless it is a single event, and the most bytes that are read while it is written.
    private static let sliceBytes = 64 * 1024

    /// - Parameters:
    ///   - limit: the most bytes of an event.
    ///   - sliceLimit: ``Hub/publishLimit``.
    init(_ request: PublishRequest, limit: Int, sliceLimit: Int, _ names: NameLimits) {
        self.sliceLimit = sliceLimit
        grant = request.grant
        session = request.session?.session
        comment = request.session?.comment
        if case .eventStream = request.form {
            reader = .events(EventStreamReader(limit: limit), request.channels)
        } else {
            reader = .lines(EnvelopeLines(request.rules(names), limit: limit))
        }
    }

    /// Reads the next bytes of the body.
    func append(_ bytes: Span<UInt8>) {
        guard problem == nil else { return }
        bytesAhead += bytes.count
        let new = dropTaken()
        defer { waitingChannels += Self.channels(of: read[new...]) }
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
    }

    /// Reads the end of the body.
    func finish() {
        hasEnded = true
        guard problem == nil else { return }
        switch reader {
        case .lines(var lines):
            let new = dropTaken()
            defer { waitingChannels += Self.channels(of: read[new...]) }
            do throws(Envelope.Misplaced) { try lines.finish(into: &read) } catch { refuse(error) }
        case .events(let events, _):
            do throws(EventStreamReader.Failure) { try events.finish() } catch { refuse(error) }
        }
    }

    /// - Returns: the place of the next event to be read.
    private func dropTaken() -> Int {
        read.removeFirst(taken)
        taken = 0
        return read.count
    }

    private static func channels(of publications: ArraySlice<Publication>) -> Int {
        publications.reduce(0) { $0 + $1.channels.count }
    }

    private func refuse(_ error: Envelope.Misplaced) { refuse(Problem(error, of: "Line")) }

    private func refuse(_ error: EventStreamReader.Failure) {
        refuse(Problem(400, "Line \(error.line): \(error.reason)"))
    }

    /// Reads no further. The events read before are still published.
    func refuse(_ problem: Problem) { self.problem = problem }

    private var waiting: ArraySlice<Publication> { read[taken...] }

    /// The events to be published next; nil when none wait.
    func next() -> ArraySlice<Publication>? {
        guard !isIdle else { return nil }
        var (channels, bytes) = (0, 0)
        let slice = waiting.prefix { publication in
            let isFirst = channels == 0
            channels += publication.channels.count
            bytes += publication.dataSize
            return isFirst || channels <= sliceLimit && bytes <= Self.sliceBytes
        }
        bytesAhead = 0
        taken += slice.count
        waitingChannels -= Self.channels(of: slice)
        // An idle publisher keeps no memory.
        if taken == read.count { (read, taken) = ([], 0) }
        return slice
    }

    /// Whether crier has taken every event from the body, and none follows.
    var isOver: Bool { isIdle && (hasEnded || problem != nil) }

    /// Whether no event waits to be published.
    var isIdle: Bool { taken == read.count }

    /// Whether crier may read on although it cannot publish yet: what waits would not fill the next publish.
    var takesMore: Bool {
        problem == nil && !hasEnded && waitingChannels < sliceLimit && bytesAhead < Self.sliceBytes
    }

    /// The bytes of events that wait to be published, or have not arrived in full.
    var held: Int { waiting.reduce(unfinished) { $0 + $1.dataSize } }

    /// The bytes of an event that has not arrived in full.
    var unfinished: Int {
        switch reader {
        case .lines(let lines): lines.unfinished
        case .events(let events, _): events.unfinished
        }
    }

    /// Counts events that are in the log.
    func add(_ receipt: Receipt) {
        published += receipt.count
        first = first ?? receipt.first
        last = receipt.last
    }

    /// The next events for the session.
    func push(_ publications: ArraySlice<Publication>) -> SessionPush {
        defer { comment = nil }
        return SessionPush(publications, comment: comment)
    }

    /// Counts events that the session gets.
    func add(pushed count: Int) { published += count }

    /// Ends the publish and drops the waiting events.
    func stop(_ problem: Problem) {
        (read, taken, waitingChannels) = ([], 0, 0)
        self.problem = problem
    }

    /// How many fields crier has skipped, as the standard says.
    private var ignored: Int {
        if case .events(let events, _) = reader { events.ignored } else { 0 }
    }

    /// The answer at the end.
    var answer: Answer {
        if let session { return answer(for: session) }
        let counts = Summaries.published(published, first: first, last: last, ignored: ignored)
        guard var problem else { return .json([0x7B] + counts + [0x7D]) }
        problem.members = counts
        problem.detail +=
            published == 0
            ? " Nothing was published."
            : " The events before it stay published: \(published) event\(published == 1 ? "" : "s"), the last with the id \(last ?? "")."
        return problem.answer
    }

    private func answer(for session: SessionID) -> Answer {
        guard var problem else { return .json(Array(#"{"session":"\#(session)","events":\#(published)}"#.utf8)) }
        problem.members = Array(#""events":\#(published)"#.utf8)
        problem.detail += published == 0 ? " The session gets nothing." : " The session gets the events before it."
        return problem.answer
    }
}

extension Publication {
    fileprivate var dataSize: Int { event.data?.bytes.count ?? 0 }
}

extension EnvelopeLines {
    /// A placeholder while the real value reads: a second reference to its memory would cause a copy.
    fileprivate static let none = EnvelopeLines(Envelope.Rules(channels: [], names: NameLimits()), limit: 0)
}
