import Access
import Broadcasting
import DequeModule
import EventStreams
import Kernel
import Metrics
import Logging
import SystemPackage

/// One loop: an epoll instance, its connections and its subscribers. No other thread touches them.
///
/// In each turn the loop waits, reads and answers requests of connections that were quick to serve so far, takes events
/// from its mailbox, writes them to live subscribers a slice at a time, reads the other connections, lets subscribers that
/// are behind read the log, handles deadlines and closes the marked connections.
struct Reactor: ~Copyable {
    /// The tokens of descriptors that are no connections. Their generation is 0, which no connection has.
    private enum Token {
        static let wakeup: UInt64 = 0
        static let firstListener: UInt64 = 1
    }

    let context: LoopContext
    var settings: ServingSettings
    var poller: Poller
    var time = TurnTime()
    private var busyPolling = BusyPolling()
    var acceptor: Acceptor
    var connections = Connections()
    var subscribers: Subscribers
    var fanOut: FanOut
    var catchUp: CatchUp
    var held = HeldPublishers()
    /// The part of ``workOnOthers()`` that comes first in this turn.
    private var firstOfOthers = OtherWork.replay
    /// Subscribers whose grants the loop still has to check after a change of the rules.
    var unchecked: [Subscribers.Token] = []
    /// What subscribers count for, as long as a limit counts them.
    var countedSubscribers: [Subscribers.Token: [SubscriberCounts.Key]] = [:]
    var firstLoop = FirstLoop()
    /// Requests about sessions.
    var sessionWork: Deque<SessionWork> = []
    /// The clients of the subscribers.
    var clients = ClientTable()
    var unkept = UnkeptSockets()
    /// Requests that another thread has found the grant or the answer for, and changes that the archive has written: one
    /// verification may answer thousands of requests, and so may one write.
    private var resumptions: Deque<(connection: Connections.Token, Resumption)> = []
    private var completions: Deque<Completion> = []
    /// Nil unless another process is about to continue the connections.
    var settling: Settling? { didSet { isSettling = settling != nil } }
    /// The same as a word: every read of a connection asks.
    private(set) var isSettling = false
    /// Nil until the daemon stops.
    var drain: Draining?
    var generator = BufferedRandom()

    /// - Parameter poller: a result of ``poller(_:_:)``.
    init(_ context: LoopContext, poller: consuming Poller, settings: ServingSettings) {
        self.context = context
        self.poller = poller
        self.settings = settings
        acceptor = Acceptor(context)
        let recovery = context.recovery.map { RecoveryArea($0.file, loop: context.index) } ?? RecoveryArea()
        subscribers = Subscribers(heartbeat: settings.heartbeat, recovery, context.status)
        fanOut = FanOut(context, backlogLimit: settings.fanoutBacklog)
        catchUp = CatchUp(context, settings)
    }

    /// Makes a poller for one loop, which watches its wakeup and the listening sockets.
    static func poller(_ port: LoopPort, _ listeners: [SharedListener]) throws(Errno) -> Poller {
        // Few reports, so that a turn that reads from all of them is short.
        let poller = try Poller(capacity: 128)
        try poller.watchInput(port.wakeup.wakeup.descriptor, token: Token.wakeup)
        try Acceptor.watch(listeners, with: poller, firstToken: Token.firstListener)
        return poller
    }

    /// Runs turns until the loop has drained.
    mutating func run() throws(Errno) {
        while !isDrained { try turn() }
        // The remaining items have no subscribers any more. Finish them, or they would hold the publishers of other
        // loops.
        fanOut.collectItems()
    }

    /// Whether no connection is left, and no other loop can hand one over.
    private var isDrained: Bool {
        drain != nil && connections.count == 0 && context.connectionCount.isClosed && !context.port.hasCommands
            && sessionWork.isEmpty
    }

    private mutating func turn() throws(Errno) {
        let ready = try wait()
        // Commands come first: after a command to stop, the loop must leave new connections to the next daemon.
        for command in context.port.collectCommands() { execute(command) }
        connections.startReading(ready: ready)
        for report in 0..<ready { dispatch(poller[report].token, poller[report].readiness) }
        readQuick()
        complete()
        fanOut.collectItems()
        runFanOut()
        workOnOthers()
        workOnSessions()
        releaseHeldPublishers()
        meetDeadlines()
        checkGrants()
        evictMore()
        if context.index == 0 { firstLoop.sweep(context.hub, time) }
        if time.isNewSecond || firstLoop.tellsPresence { publishOwnEvents() }
        if time.isNewTick || firstLoop.hasUnreportedChannels { reportChannels() }
        if let drain { continueDraining(drain) }
        closeMarked()
        if time.isNewTick || unkept.tokens.count >= DescriptorQueue.limit { _ = keepSockets() }
        if isSettling { continueFreezing() }
        context.status.turns.add(1)
        let duration = time.end()
        context.status.longestTurn.raise(to: Int(clamping: duration))
        context.status.turnTimes.observe(duration)
    }

    private mutating func wait() throws(Errno) -> Int {
        var timeout = 0
        if fanOut.isIdle, catchUp.isIdle, connections.unreadCount == 0, unchecked.isEmpty,
            !context.hub.hasEvictions, resumptions.isEmpty, completions.isEmpty, sessionWork.isEmpty,
            !subscribers.hasMarked, !connections.hasMarked, !firstLoop.hasUnreportedChannels
        {
            // The order matters: announce the sleep first, and then check for posts and relief. A thread that posts or
            // relieves after the check finds the announcement and wakes the loop; see Mailbox.prepareToSleep.
            let maySleep = context.port.mailbox.prepareToSleep() && !context.port.hasCommands
            if held.maySleep(context.throttle, loop: context.index), maySleep {
                // A loop that stops waits for the others and for the archive, which do not all wake it.
                let isStopping = isSettling || drain.map { time.now < $0.patienceEnd } == true
                timeout = isStopping || firstLoop.isSweeping ? 1 : Int(TurnTime.tickLength)
            }
        }
        let ready =
            timeout == 0
            ? try poller.wait(milliseconds: 0)
            : try busyPolling.wait(on: &poller, since: time.ended, milliseconds: timeout, limit: settings.busyPoll)
        context.port.mailbox.didWake()
        time.update()
        connections.tick = time.tick
        subscribers.startTurn(time.tick)
        return ready
    }

    private mutating func dispatch(_ token: UInt64, _ readiness: Readiness) {
        if token == Token.wakeup { return context.port.wakeup.wakeup.clear() }
        if token < 1 << 32 { return accept(from: Int(token - Token.firstListener)) }
        guard let slot = connections.slot(of: Connections.Token(rawValue: token)) else { return }
        if readiness.contains(.output) { writeOn(slot) }
        if readiness.contains(.input) || readiness.contains(.urgent) || readiness.isHangUp {
            if readiness.contains(.urgent) { connections[slot].hasShortReads = true }
            guard connections.noteInput(slot, hasHungUp: readiness.isHangUp) else { return }
            // Behind those that wait already, or a busy loop would serve new requests first, and some of the others never.
            if connections[slot].isQuick, !connections.hasQuick, time.mayRead {
                read(slot)
            } else {
                connections.queueRead(slot)
            }
        }
    }

    private mutating func execute(_ command: LoopCommand) {
        switch command {
        case .adopt(let number, let arrival): adopt(Descriptor(owning: number), arrival)
        case .verified(let connection, let verdict): resumptions.append((connection, .verdict(verdict)))
        case .answered(let connection, let answer): resumptions.append((connection, .answer(answer)))
        case .session(let request): take(request)
        case .watchCanary(let socket): watchCanary(socket)
        case .checkGrants: unchecked = subscribers.tokens
        case .configure(let settings): apply(settings)
        case .restore(let connections): restore(connections)
        case .recover(let streams): recover(streams)
        case .acknowledge(let acknowledgement): acknowledgement.acknowledge()
        case .freeze(let freeze): startFreezing(freeze)
        case .drain: startDraining()
        }
    }

    /// Whether requests of the loop wait for their turn with an answer of the archive or of the verifier.
    var hasUnfinishedWork: Bool { !resumptions.isEmpty || !completions.isEmpty }

    /// Continues with requests that the archive has answered.
    private mutating func complete() {
        let new = context.port.mailbox.collectCompletions()
        if !new.isEmpty { completions.append(contentsOf: new) }
        guard !completions.isEmpty else { return }
        let deadline = time.deadlineForPart()
        while let completion = completions.popFirst() {
            resume(after: completion)
            if Clock.monotonicNanoseconds >= deadline { return }
        }
    }

    /// Continues with requests that another thread has found the grant or the answer for.
    private mutating func resumeAnswered() {
        while let (connection, resumption) = resumptions.popFirst() {
            switch resumption {
            case .verdict(let verdict): resume(connection, verdict)
            case .answer(let answer): resume(connection, with: answer)
            }
            guard time.mayRead else { return }
        }
    }

    private mutating func apply(_ settings: ServingSettings) {
        if settings.access != self.settings.access { unchecked = subscribers.tokens }
        self.settings = settings
        subscribers.apply(heartbeat: settings.heartbeat)
        fanOut.backlogLimit = settings.fanoutBacklog
        catchUp.settings = settings
        // No backlog may ever fall to the old limit again, so held publishers must check the new one.
        context.throttle.relieve()
    }

    // MARK: Delivering

    private mutating func runFanOut() {
        guard !fanOut.isIdle else { return }
        let deadline = time.deadlineForFanOut()
        var slices = fanOut.waitingTopics
        repeat {
            fanOut.runSlice(&subscribers, connections, until: deadline)
            leaveEndedTopics()
            slices -= 1
        } while slices > 0 && !fanOut.isIdle && Clock.monotonicNanoseconds < deadline
    }

    /// Reads the connections that are not quick, replays events, and continues with requests that another thread has answered,
    /// until the time for all of it is over. The three take turns in coming first, so that an event that arrives meanwhile
    /// does not wait for a long piece of each.
    private mutating func workOnOthers() {
        catchUp.admitFetches(&subscribers)
        guard connections.otherCount > 0 || catchUp.waiting > 0 || !resumptions.isEmpty else { return }
        time.startReadingOthers()
        firstOfOthers = firstOfOthers.next
        var part = firstOfOthers
        repeat {
            switch part {
            case .reads: readOthers()
            case .replay: replay()
            case .verified: resumeAnswered()
            }
            part = part.next
        } while part != firstOfOthers && time.mayRead
    }

    private mutating func replay() {
        for _ in 0..<catchUp.waiting {
            catchUp.runNext(&subscribers, &connections, fanOut, time)
            leaveEndedTopics()
            guard time.mayRead else { return }
        }
    }

    // MARK: Deadlines

    private mutating func meetDeadlines() {
        guard time.isNewTick else { return }
        acceptor.resume(limit: settings.connections, poller, firstToken: Token.firstListener)
        for slot in connections.takeTimedOut() { timeOut(slot) }
        for slot in subscribers.takeExpired() { end(slot, "expired") }
        for slot in subscribers.takeDue() {
            switch subscribers[slot].state {
            case .live: subscribers.heartbeat(slot, &connections)
            // A heartbeat would have to wait for the socket as well. TCP_USER_TIMEOUT detects a dead client.
            case .behind: catchUp.checkLag(slot, &subscribers, &connections, time)
            case .ending: subscribers.close(slot, .slow)
            case .closed: break
            }
        }
    }

    /// Continues with the evictions that changes have left, for example of the events of a channel that was ended.
    private func evictMore() {
        guard context.hub.hasEvictions else { return }
        let deadline = time.deadlineForPart()
        while context.hub.evictMore(now: time.today), Clock.monotonicNanoseconds < deadline {}
    }

    // MARK: Closing

    /// Removes marked subscribers and closes marked connections: the kernel takes some 30 µs to close one, and thousands may
    /// go at once.
    private mutating func closeMarked() {
        guard subscribers.hasMarked || connections.hasMarked else { return }
        let deadline = time.deadlineForPart()
        repeat {
            if let (slot, reason) = subscribers.takeMarked() {
                remove(subscriber: slot, reason)
            } else if let (reason, address) = connections.closeMarked() {
                context.connectionCount.remove()
                context.addressCounts.remove(address)
                context.status.connections.add(-1)
                context.status.count(reason)
            }
        } while (subscribers.hasMarked || connections.hasMarked) && Clock.monotonicNanoseconds < deadline
    }
}

@available(*, unavailable) extension Reactor: Sendable {}
