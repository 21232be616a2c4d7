import Access
import Broadcasting

/// One subscriber of a loop: a position in the log, its topics and its stream. An idle subscriber of one topic needs no
/// heap object of its own.
struct Subscriber: ~Copyable {
    /// The stage of the subscriber.
    enum State {
        /// Its position is the head of the log: fan-out writes to it.
        case live
        /// It reads the log: it resumes, or it is slow.
        ///
        /// - isSlow: it was live and its socket did not take all that it was sent. ``SlowPolicy`` limits only such a
        ///   subscriber, not one that resumes.
        case behind(Progress, isSlow: Bool)
        /// crier writes its last bytes, and then closes its connection for this reason.
        case ending(PendingOutput, CloseReason)
        /// The loop removes it at the end of the turn.
        case closed
    }

    /// How far a subscriber that is behind has come.
    enum Progress {
        /// Its socket takes no more. The pending output must go out first.
        case blocked(PendingOutput?)
        /// It is in the catch-up queue. The pending output must go out first.
        case queued(PendingOutput?)
        /// It needs events from the archive, and too many others wait for the archive.
        case awaitingFetch
        /// The archive reads events for it.
        case fetching
    }

    let session: SessionID
    let stream: StreamHandle
    let form: StreamForm
    /// What the client may read; nil when everybody may read everything.
    let grant: Grant?
    /// Who the client is.
    let client: ClientDetails
    /// When it subscribed, in milliseconds since 1970, by ``Clock/steady``.
    let since: UInt64
    var state: State
    /// crier has sent all events for this subscriber up to this number in full.
    var position: UInt64
    var topics: SubscriberTopics
    /// Bytes of events that it has got from the history before it was live, if a limit counts them.
    var replayed = 0
    /// Live: the next heartbeat. Behind: the next check of its lag. Ending: the time limit.
    var deadline = Deadline()
    /// When the grant ends; unused when it does not end by itself.
    var expiry = Deadline()

    init(
        _ session: SessionID, _ stream: StreamHandle, _ form: StreamForm, _ state: State, at position: UInt64,
        _ topics: SubscriberTopics, grant: Grant? = nil, client: ClientDetails, since: UInt64
    ) {
        self.client = client
        self.since = since
        self.session = session
        self.stream = stream
        self.form = form
        self.grant = grant
        self.state = state
        self.position = position
        self.topics = topics
    }

    var isLive: Bool {
        @inline(__always)
        get { if case .live = state { true } else { false } }
    }

    var isBehind: Bool {
        if case .behind = state { true } else { false }
    }

    var isSlow: Bool {
        if case .behind(_, let isSlow) = state { isSlow } else { false }
    }

    /// The output of which the kernel took only a part; nil for none.
    var pending: PendingOutput? {
        switch state {
        case .behind(.blocked(let pending), _), .behind(.queued(let pending), _): pending
        case .ending(let pending, _): pending
        case .live, .behind(.awaitingFetch, _), .behind(.fetching, _), .closed: nil
        }
    }
}
