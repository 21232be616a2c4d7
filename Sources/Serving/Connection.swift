import Broadcasting
import Kernel

/// One connection of a loop. An idle subscriber holds this and nothing else.
struct Connection: ~Copyable {
    /// What the connection is doing.
    enum Phase: UInt8 {
        /// Requests are read and answered.
        case exchange
        /// A subscriber whose cursor is at the head: passes write to it.
        case live
        /// A subscriber that reads the log: resuming, slow, or with the rest of an event to be written.
        case behind
        /// The last bytes are being written; then it is closed.
        case ending
        /// All is said. Input is thrown away until the peer closes, since closing with unread input would reset the
        /// connection and could destroy the answer before the peer has read it (RFC 9112 section 9.6).
        case lingering
        /// Marked to be closed at the end of the turn.
        case dead
    }

    /// How far a subscriber is with getting events from the archive.
    enum Fetch: UInt8 {
        case none
        /// Too many others do; it is met again when fewer do.
        case queued
        /// They have been asked for; it reads nothing else meanwhile.
        case asked
    }

    let descriptor: Descriptor
    /// Which listening socket it came from, and so what it may ask for.
    let listener: UInt8
    var phase = Phase.exchange
    /// It has not asked for anything yet.
    var isFresh = true
    /// Input may be waiting: epoll said so and would-block has not been met since.
    var isReadable = false
    /// Epoll has said that the peer finished sending or is gone; it will not say so again.
    var isHungUp = false
    /// It stands in the loop's queue of reads to be continued.
    var isQueuedToRead = false
    /// It stands in the loop's queue of subscribers that read the log.
    var isQueuedToCatchUp = false
    /// Whether it waits for events from the archive.
    var fetch = Fetch.none
    /// It was live and did not take what it was sent; it may be cut off for that, and one that resumes may not.
    var isSlow = false
    /// It came while the daemon was full: it is told so politely, whatever it asks for.
    let isRefused: Bool

    /// The tick at which something must happen: what, is decided by the phase.
    var deadline: UInt32 = 0
    /// The tick at which the timer wheel will look; another entry in the wheel is stale.
    var wakes: UInt32 = 0

    /// Its audience, or −1; with several topics they are in ``several``.
    var audience: Int32 = -1
    /// Its place in the audience's list.
    var place: UInt32 = 0
    /// The sequence number of the last event sent in full.
    var cursor: UInt64 = 0
    /// See ``Broadcasting/Interest/toldThrough``.
    var toldThrough: UInt64 = 0
    /// See ``Broadcasting/Interest/toldEvictions``.
    var toldEvictions: UInt64 = 0
    /// What was begun and must be finished before anything else is written.
    var partial: Frame?
    var partialOffset = 0
    /// The topics of a subscriber of several.
    var several: SeveralTopics?
    /// The request in progress.
    var exchange: Exchange?

    init(_ descriptor: consuming Descriptor, listener: UInt8, isRefused: Bool) {
        self.descriptor = descriptor
        self.listener = listener
        self.isRefused = isRefused
    }

    var isSubscriber: Bool { audience >= 0 || several != nil }

    /// Writes on what was begun.
    ///
    /// - Parameter moreFollows: whether it may wait for what is written next.
    /// - Returns: how it went; `.all` also when nothing was begun.
    mutating func finishPartial(moreFollows: Bool) -> Gather.Sent {
        guard let frame = partial else { return .all(bytes: 0) }
        let rest = unsafe UnsafeRawBufferPointer(rebasing: frame.bytes[partialOffset...])
        switch unsafe descriptor.send(rest, moreFollows: moreFollows) {
        case .failed(let error): return .broken(error)
        case .wouldBlock: return .stalled(frames: 0, offset: 0, bytes: 0)
        case .wrote(let bytes):
            partialOffset += bytes
            if partialOffset < frame.count { return .stalled(frames: 0, offset: 0, bytes: bytes) }
            cursor = max(cursor, frame.sequence)
            partial = nil
            partialOffset = 0
            return .all(bytes: bytes)
        }
    }
}

/// The topics of a subscriber of several.
final class SeveralTopics {
    /// One of them.
    struct Membership {
        let audience: Int32
        var place: UInt32
        var interest: Interest
    }

    var memberships: [Membership]

    init(_ memberships: [Membership]) {
        self.memberships = memberships
    }
}
