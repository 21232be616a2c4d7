import Synchronization

/// A frame on its way to the subscribers that one loop has for a topic.
public struct Letter: Sendable {
    /// The event.
    public let frame: Frame
    /// The topic whose subscribers get it.
    public let topic: TopicID
    /// About how many bytes the loop will write because of it: the event, once for each of its subscribers.
    public let work: Int
    /// Where that is counted until it is done.
    public let backlog: Backlog
}

/// What a loop has waited for. The token is that of the ``Reply``.
public enum Completion: Sendable {
    /// The archive and the log have what was published.
    case published(UInt64, Receipt)
    /// The channel has ended; so many subscribers it had.
    case ended(UInt64, subscribers: Int)
    /// Nothing was done, and why.
    case refused(UInt64, PublishRefusal)
    /// Events from the archive, and the number of the next one when that cannot be read.
    case fetched(UInt64, [Frame], missing: UInt64?)
}

/// Where the hub leaves frames for one loop thread. With ``Frame`` it is all that crosses between threads.
public final class Mailbox: Sendable {
    private let letters = Guarded<[Letter]>([])
    private let completions = Guarded<[Completion]>([])
    private let isAsleep = Atomic<Bool>(false)
    /// The work of everything that was posted and is not done yet.
    public let backlog = Backlog()
    private let ring: @Sendable () -> Void

    /// - Parameter ring: wakes the loop from its wait; called from any thread, and only when the loop sleeps.
    public init(ring: @escaping @Sendable () -> Void) {
        self.ring = ring
    }

    /// Leaves letters. The caller must ``wake()`` the loop afterwards, outside of its own locks.
    func post(_ posted: [Letter]) {
        var work = 0
        for letter in posted {
            work += letter.work
            letter.backlog.add(letter.work)
        }
        backlog.add(work)
        letters.withLock { $0 += posted }
    }

    /// Leaves what the loop has waited for, and wakes it.
    public func complete(_ completion: Completion) {
        completions.withLock { $0.append(completion) }
        wake()
    }

    /// Rings if the loop sleeps. Whoever leaves something for the loop calls this after having left it.
    public func wake() {
        if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { ring() }
    }

    /// Takes all letters, in the order of the log. `emptied` must be empty; its memory is used for the next ones.
    public func collect(into emptied: inout [Letter]) {
        letters.withLock { swap(&$0, &emptied) }
    }

    /// Takes all completions, in the order in which they came.
    public func collectCompletions() -> [Completion] {
        completions.withLock { waiting in
            guard !waiting.isEmpty else { return [] }
            defer { waiting = [] }
            return waiting
        }
    }

    /// Called by the loop before it waits. After this a post rings.
    ///
    /// - Returns: whether it may sleep. False when a letter came first: a loop that slept now would miss it.
    public func fallAsleep() -> Bool {
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        guard letters.withLock({ $0.isEmpty }), completions.withLock({ $0.isEmpty }) else {
            wakeUp()
            return false
        }
        return true
    }

    /// Called by the loop after it has waited. After this a post does not ring.
    public func wakeUp() {
        isAsleep.store(false, ordering: .sequentiallyConsistent)
    }
}
