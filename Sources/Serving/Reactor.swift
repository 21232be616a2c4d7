import Broadcasting
import DequeModule
import EventStreams
import HTTPMessages
import Kernel
import Logging
import SystemPackage

/// One loop: an epoll instance, its connections, its subscribers, its timers. Nothing of it is shared.
///
/// A turn waits, reads and answers what is ready, collects frames, passes them on a slice at a time, lets slow
/// subscribers read the log, meets deadlines, and at its end closes what was marked. The steps are in the extensions.
struct Reactor: ~Copyable {
    typealias Token = SlotTable<Connection>.Token

    /// Which of the loops this is.
    let index: Int
    let hub: Hub
    let ports: [LoopPort]
    let listeners: [SharedListener]
    let pressure: Pressure
    let occupancy: Occupancy
    let log: Logger

    var settings: ServingSettings
    var poller: Poller
    var connections = SlotTable<Connection>()
    var audiences: [Audience?] = []
    var freeAudiences: [Int32] = []
    var audienceOfTopic: [TopicID: Int32] = [:]
    /// Audiences with frames that wait, in the order in which they get their next slice.
    var passes: Deque<Int32> = []
    /// Connections whose input was left unread for fairness: edge-triggered epoll will not tell of it again.
    var reads: [Token] = []
    /// Subscribers that can read on in the log.
    var catchUps: Deque<Token> = []
    /// What the last of them read.
    var excerpt: Excerpt?
    /// How many subscribers wait for events from the archive.
    var fetching = 0
    /// Subscribers that wait until fewer do.
    var fetches: Deque<Token> = []
    /// Publishers that wait until fan-out has caught up.
    var held: [Token] = []
    /// See ``Pressure/relief``, when they were last looked at.
    var reliefSeen = 0
    /// Subscribers of several topics that have been told of the end of one.
    var endings: [(slot: UInt32, topic: TopicID)] = []
    var closing: [(slot: UInt32, reason: CloseReason)] = []

    var wheel: TimerWheel
    /// Milliseconds of the monotonic clock, read once a turn.
    var now: UInt64
    /// Milliseconds since 1970, read once a turn.
    var today: UInt64
    /// Nanoseconds of the monotonic clock when the turn began.
    var turnBegan: UInt64
    var generator = SystemRandomNumberGenerator()
    /// Where input is read; nothing in it is kept beyond the read.
    var inputBuffer = [UInt8](repeating: 0, count: 64 * 1024)
    var gather = Gather()
    var slice: [Frame] = []
    var letters: [Letter] = []
    var due: [(tick: UInt32, token: UInt64)] = []
    var acceptance = Acceptance.open
    var slowLog = LogLimiter()
    /// When whoever is left is cut; nil while the daemon runs.
    var drainDeadline: UInt64?
    /// Until when those who have not asked for anything yet may still do so.
    var drainPatience: UInt64 = 0

    /// Whether connections are accepted.
    enum Acceptance {
        case open
        /// Descriptors have run out; looked at again with every tick.
        case paused
        /// The daemon stops.
        case closed
    }

    /// Tokens of descriptors that are no connections: their generation is 0.
    enum Special {
        static let wakeup: UInt64 = 0
        static let firstListener: UInt64 = 1
    }

    /// - Parameter poller: already watches the wakeup and the listening sockets.
    init(
        index: Int, poller: consuming Poller, hub: Hub, ports: [LoopPort], listeners: [SharedListener],
        pressure: Pressure, occupancy: Occupancy, settings: ServingSettings, log: Logger
    ) {
        self.index = index
        self.poller = poller
        self.hub = hub
        self.ports = ports
        self.listeners = listeners
        self.pressure = pressure
        self.occupancy = occupancy
        self.settings = settings
        self.log = log
        turnBegan = Clock.monotonicNanoseconds
        now = turnBegan / 1_000_000
        today = Clock.realtime
        wheel = TimerWheel(start: now)
    }

    /// A poller for one loop.
    static func poller(_ port: LoopPort, _ listeners: [SharedListener]) throws(Errno) -> Poller {
        // Few enough that reading them all is a short turn.
        let poller = try Poller(capacity: 128)
        try poller.watchInput(port.wakeup.wakeup.descriptor, token: Special.wakeup)
        try watch(listeners, with: poller)
        return poller
    }

    /// Watches the listening sockets.
    static func watch(_ listeners: [SharedListener], with poller: borrowing Poller) throws(Errno) {
        for (index, shared) in listeners.enumerated() {
            try poller.watchShared(shared.listener.descriptor, token: Special.firstListener + UInt64(index))
        }
    }

    var port: LoopPort { ports[index] }

    /// Turns until the loop has been drained.
    mutating func run() throws(Errno) {
        while !isDrained { try turn() }
        // What was posted for those who have left since must not keep publishers of other loops waiting.
        collectLetters()
    }

    /// Whether nobody is left, and no other loop can still hand a connection over.
    private var isDrained: Bool {
        drainDeadline != nil && connections.count == 0 && occupancy.isClosed && !port.hasCommands
    }

    private mutating func turn() throws(Errno) {
        let ready = try wait()
        // First of all: once told to stop, nobody more may be taken out of the backlog, which the next daemon serves.
        for command in port.takeCommands() { obey(command) }
        for report in 0..<ready {
            let event = poller[report]
            dispatch(event.token, event.readiness)
        }
        continueReads()
        collectCompletions()
        collectLetters()
        runPasses()
        catchUpSubscribers()
        releaseHeld()
        meetDeadlines()
        if drainDeadline != nil { drain() }
        closeMarked()
        port.status.turns.add(1)
    }

    private mutating func wait() throws(Errno) -> Int {
        let hasWork = !passes.isEmpty || !catchUps.isEmpty || !reads.isEmpty || canFetch
        var timeout = 0
        if !hasWork {
            // In this order: asleep first, then announced, then the last look. Whoever relieves the pressure after
            // that look finds the announcement and rings; see Mailbox.fallAsleep.
            var maySleep = port.mailbox.fallAsleep() && !port.hasCommands
            if !held.isEmpty {
                pressure.announceWaiting(on: index)
                maySleep = maySleep && pressure.relief == reliefSeen
            }
            timeout = maySleep ? Int(TimerWheel.tick) : 0
        }
        let ready = try poller.wait(milliseconds: timeout)
        port.mailbox.wakeUp()
        turnBegan = Clock.monotonicNanoseconds
        now = turnBegan / 1_000_000
        today = Clock.realtime
        return ready
    }

    private mutating func dispatch(_ token: UInt64, _ readiness: Readiness) {
        if token == Special.wakeup { return port.wakeup.wakeup.silence() }
        if token < 1 << 32 { return accept(from: Int(token - Special.firstListener)) }
        guard let slot = connections.slot(of: Token(rawValue: token)) else { return }
        if readiness.contains(.output) { resumeWriting(slot) }
        if readiness.contains(.input) || readiness.isHangUp { resumeReading(slot, readiness) }
    }

    private mutating func obey(_ command: LoopCommand) {
        switch command {
        case .adopt(let number, let listener, let isRefused):
            adopt(Descriptor(owning: number), listener: listener, isRefused: isRefused)
        case .configure(let settings): apply(settings)
        case .drain: beginDraining()
        }
    }
}

@available(*, unavailable) extension Reactor: Sendable {}
