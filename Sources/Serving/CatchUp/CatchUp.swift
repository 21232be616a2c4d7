import Broadcasting
import DequeModule
import EventStreams
import Hooks
import Kernel
import Metrics

/// Lets the subscribers of one loop that are behind read the log, a slice at a time, until they are live. Some resume,
/// some are slow.
struct CatchUp: ~Copyable {
    /// Bytes of the log that a subscriber reads at a time: several times as many as publishers usually add in a turn,
    /// so that a busy channel does not outrun its readers.
    private static let sliceBytes = 256 * 1024

    private var queue: Deque<Subscribers.Token> = []
    /// The last slice that a subscriber read, when others may need the same.
    private var replay = ReplayBatch()
    private var fetches = FetchQueue()
    private var batch = WriteBatch()
    private var slice: [Frame] = []
    private var slowLog: SlowSubscriberLog
    private let context: LoopContext
    private var generator = BufferedRandom()
    /// Of the loop.
    var settings: ServingSettings

    init(_ context: LoopContext, _ settings: ServingSettings) {
        self.context = context
        self.settings = settings
        slowLog = SlowSubscriberLog(context)
    }

    /// Whether no subscriber can do anything now.
    var isIdle: Bool { queue.isEmpty && !fetches.canAdmit }

    /// How many subscribers wait for their turn.
    var waiting: Int { queue.count }

    /// Queues a subscriber, behind all others. After each slice it queues again, so the subscribers take turns.
    mutating func append(_ token: Subscribers.Token) { queue.append(token) }

    /// Lets waiting subscribers fetch. Call it in every turn: a subscriber that leaves while it waits does not report
    /// that, and the next one takes its place.
    mutating func admitFetches(_ subscribers: inout Subscribers) {
        guard fetches.canAdmit else { return }
        for token in fetches.admit() {
            guard let slot = subscribers.slot(of: token),
                case .behind(.awaitingFetch, let isSlow) = subscribers[slot].state
            else { continue }
            subscribers[slot].state = .behind(.queued(nil), isSlow: isSlow)
            queue.append(token)
        }
    }

    /// Lets the next subscriber of the queue write its pending output or read its next slice. Afterwards the caller
    /// removes subscribers from the topics whose end they were sent.
    ///
    /// - Parameter fanOut: knows the topics of the subscribers.
    mutating func runNext(
        _ subscribers: inout Subscribers, _ connections: inout Connections, _ fanOut: borrowing FanOut, _ time: TurnTime
    ) {
        guard let token = queue.popFirst(), let slot = subscribers.slot(of: token) else { return }
        switch subscribers[slot].state {
        case .behind(.queued(nil), _): break
        case .behind(.queued, _), .ending:
            // It reads in its next turn, not now: the pending event may have been the end of one of its topics.
            if subscribers.writePending(slot, &connections) { queue.append(token) }
            return
        case .live, .behind, .closed: return
        }
        read(slot, token, &subscribers, &connections, fanOut, time)
        if queue.isEmpty { replay.clear() }
    }

    private mutating func read(
        _ slot: UInt32, _ token: Subscribers.Token, _ subscribers: inout Subscribers,
        _ connections: inout Connections, _ fanOut: borrowing FanOut, _ time: TurnTime
    ) {
        let cursors = subscribers[slot].topics.cursors
        let (position, isSlow) = (subscribers[slot].position, subscribers[slot].isSlow)
        let form = subscribers[slot].form
        let left = settings.replay > 0 && !isSlow ? settings.replay - subscribers[slot].replayed : Int.max
        guard left > 0 else { return endReplay(slot, &subscribers, &connections) }
        if !isSlow, !subscribers.hasUnplaced, replay.isNext(for: cursors, after: position, form) {
            // Only the read of the next slice shows whether the subscriber is live.
            if deliverReplay(slot, &subscribers, connections) { queue.append(token) }
            return
        }
        defer { slice.removeAll(keepingCapacity: true) }
        let read = context.hub.read(
            cursors, after: position, isSlow: isSlow, now: time.today, budget: min(Self.sliceBytes, left), into: &slice)
        if let lag = read.cut {
            return cut(slot, lag, read.closingNotices, &subscribers, &connections, time)
        }
        if read.cursors != nil, subscribers.unplaced(slot) != nil { return subscribers.close(slot, .error) }
        subscribers.recovery.setIrregular(slot, read.leavesOut)
        guard skip(slot, read, &subscribers, &connections, time) else { return }
        guard read.absent.isEmpty else { return fetch(read.absent, slot, token, &subscribers) }
        let frames = form.isEnveloped ? fanOut.envelopes(of: slice, for: subscribers[slot].topics) : slice
        defer { if form.isEnveloped { for frame in slice { frame.releaseEnvelopes() } } }
        if let bytes = subscribers.unplaced(slot) {
            return findPlace(
                behind: bytes, in: frames, through: read.through, isAll: read.head != nil, slot, token, &subscribers)
        }
        let isShared = !isSlow && read.cursors == nil && !queue.isEmpty
        let isDelivered =
            isShared && replay.load(frames, form, cursors, after: position)
            ? deliverReplay(slot, &subscribers, connections) : deliver(frames, slot, &subscribers, connections)
        guard isDelivered else { return }
        if let through = read.through { subscribers.skip(slot, through: through) }
        // The hub posts every event after this read to the mailbox. The events that the mailbox still has from before
        // are not above this position.
        guard let head = read.head else { return queue.append(token) }
        subscribers.goLive(slot, at: head)
        subscribers.writePushed(slot, &connections)
    }

    /// - Returns: whether the subscriber took all of it.
    private func deliverReplay(
        _ slot: UInt32, _ subscribers: inout Subscribers, _ connections: borrowing Connections
    ) -> Bool {
        let count = subscribers.deliver(replay.batch, to: slot, connections)
        subscribers.record(replay.batch, CollectionOfOne(slot))
        subscribers.count(count, of: replay.batch, to: slot)
        if settings.replay > 0 { subscribers[slot].replayed += replay.bytes * count / replay.batch.count }
        return count == replay.batch.count
    }

    /// - Returns: whether the subscriber took all of it.
    private mutating func deliver(
        _ frames: [Frame], _ slot: UInt32, _ subscribers: inout Subscribers, _ connections: borrowing Connections
    ) -> Bool {
        let count = subscribers.deliver(frames, to: slot, with: &batch, connections)
        if settings.replay > 0 {
            subscribers[slot].replayed += frames.prefix(count).reduce(0) { $0 + $1.count }
        }
        return count == frames.count
    }

    /// Ends the stream of a subscriber that has got as much replay as one connection gets. Its client reconnects and goes on
    /// where it was.
    private mutating func endReplay(_ slot: UInt32, _ subscribers: inout Subscribers, _ connections: inout Connections)
    {
        let comment = Array(": The rest of the replay follows when you reconnect (limits.replay).\n\n".utf8)
        let retry = EventEncoder.encode(retry: StreamOpening.jittered(settings.retry, using: &generator))
        subscribers.finish(slot, with: comment + retry, .replayed, timeout: settings.shutdown, &connections)
    }

    // MARK: Streams of a process that was killed

    /// Finds the event in which the process stopped, and queues its rest. Closes the stream when there are not so many bytes.
    ///
    /// - Parameters:
    ///   - count: bytes of the next events that the process had written.
    ///   - frames: the next events.
    ///   - through: the subscriber needs nothing else up to here.
    ///   - isAll: whether there are no others yet.
    private mutating func findPlace(
        behind count: Int, in frames: [Frame], through: UInt64?, isAll: Bool, _ slot: UInt32,
        _ token: Subscribers.Token, _ subscribers: inout Subscribers
    ) {
        var left = count
        for frame in frames where left > 0 {
            let size = unsafe frame.bytes(subscribers[slot].form.framing).count
            if left < size {
                subscribers.continueOutput(slot, .event(frame, offset: left))
                left = 0
            } else {
                // The end of a topic: the client has it, and reconnects to what remains.
                guard frame.endsTopic == nil else { return subscribers.close(slot, .error) }
                subscribers.skip(slot, frame)
                left -= size
            }
        }
        guard left == 0 || !isAll else { return subscribers.close(slot, .error) }
        if left > 0, let through { subscribers.skip(slot, through: through) }
        subscribers.setUnplaced(slot, left)
        queue.append(token)
    }

    // MARK: Slow subscribers

    /// Checks the lag of a subscriber that is behind. While its socket takes nothing, it does not read the log, so only
    /// this check can cut it off.
    mutating func checkLag(
        _ slot: UInt32, _ subscribers: inout Subscribers, _ connections: inout Connections, _ time: TurnTime
    ) {
        let cut = context.hub.cut(
            subscribers[slot].topics.cursors, after: subscribers[slot].position,
            partial: subscribers[slot].pending?.event, isSlow: subscribers[slot].isSlow, now: time.today)
        guard let cut else { return subscribers.scheduleLagCheck(slot) }
        self.cut(slot, cut.lag, cut.closingNotices, &subscribers, &connections, time)
    }

    /// Disconnects a subscriber that is too far behind, after its last control events if it has no channel to reconnect
    /// to.
    private mutating func cut(
        _ slot: UInt32, _ lag: LagLimit, _ notices: [UInt8]?, _ subscribers: inout Subscribers,
        _ connections: inout Connections, _ time: TurnTime
    ) {
        slowLog.record(
            "was cut off", lag, connections.peer(of: subscribers[slot].stream),
            context.hub.subject(of: subscribers[slot].topics.cursors[0].topic), now: time.now)
        reportSlow(slot, "disconnected", lag, subscribers)
        guard let notices else { return subscribers.close(slot, .slow) }
        subscribers.finish(slot, with: notices, .ended, timeout: settings.shutdown, &connections)
    }

    /// Sends a subscriber the gap for the events that the hub made it skip, if any.
    ///
    /// - Returns: whether it can receive the slice now.
    private mutating func skip(
        _ slot: UInt32, _ read: LogSlice, _ subscribers: inout Subscribers, _ connections: inout Connections,
        _ time: TurnTime
    ) -> Bool {
        guard let cursors = read.cursors else { return true }
        subscribers[slot].topics.update(cursors)
        if let lag = read.skipped {
            context.status.skips.add(1)
            slowLog.record(
                "skipped events", lag, connections.peer(of: subscribers[slot].stream),
                context.hub.subject(of: subscribers[slot].topics.cursors[0].topic), now: time.now)
            reportSlow(slot, "skipped", lag, subscribers)
        }
        guard let gap = read.gap else { return true }
        context.status.gaps.add(1)
        return subscribers.write(ControlEvents.gap(gap), to: slot, &connections)
    }

    private func reportSlow(_ slot: UInt32, _ action: String, _ lag: LagLimit, _ subscribers: borrowing Subscribers) {
        guard context.hooks.wants(.slow) else { return }
        let session = "\(subscribers[slot].session)"
        let subjects = subscribers[slot].topics.cursors.map { context.hub.subject(of: $0.topic) }
        context.hooks.report(.slow, about: session) { pattern in
            subjects.contains { $0.isConcerned(by: pattern) }
        } data: {
            let names = subjects.map { JSONText.string($0.description) }.joined(separator: ",")
            return Array(
                #"{"session":"\#(session)","channels":[\#(names)],"action":"\#(action)","limit":"\#(lag)"}"#.utf8)
        }
    }

    // MARK: The archive

    /// Asks the archive for the next events of a subscriber, now or when fewer others wait for the archive.
    private mutating func fetch(
        _ absent: [UInt64], _ slot: UInt32, _ token: Subscribers.Token, _ subscribers: inout Subscribers
    ) {
        let isSlow = subscribers[slot].isSlow
        guard fetches.start(token) else {
            subscribers[slot].state = .behind(.awaitingFetch, isSlow: isSlow)
            return
        }
        subscribers[slot].state = .behind(.fetching, isSlow: isSlow)
        context.hub.fetch(absent, reply: ReplyAddress(loop: context.index, token: token.rawValue))
    }

    /// Closes the stream of a subscriber whose events the archive could not read for the moment: its client reconnects and
    /// resumes where it was.
    mutating func fetchFailed(for token: Subscribers.Token, _ subscribers: inout Subscribers) {
        fetches.finish()
        guard let slot = subscribers.slot(of: token), case .behind(.fetching, _) = subscribers[slot].state else {
            return
        }
        subscribers.close(slot, .error)
    }

    /// Delivers the events that the archive has read for a subscriber.
    mutating func fetched(
        _ frames: [Frame], for token: Subscribers.Token, _ subscribers: inout Subscribers,
        _ connections: borrowing Connections, _ fanOut: borrowing FanOut
    ) {
        fetches.finish()
        guard let slot = subscribers.slot(of: token), case .behind(.fetching, let isSlow) = subscribers[slot].state
        else { return }
        subscribers[slot].state = .behind(.queued(nil), isSlow: isSlow)
        let isEnveloped = subscribers[slot].form.isEnveloped
        let frames = isEnveloped ? fanOut.envelopes(of: frames, for: subscribers[slot].topics) : frames
        if let bytes = subscribers.unplaced(slot) {
            return findPlace(behind: bytes, in: frames, through: nil, isAll: false, slot, token, &subscribers)
        }
        if deliver(frames, slot, &subscribers, connections) { queue.append(token) }
    }
}
