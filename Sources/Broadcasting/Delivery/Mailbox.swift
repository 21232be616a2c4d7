import Synchronization

/// Carries events and completions from other threads to one loop thread.
public final class Mailbox: Sendable {
    private let items = Guarded<[MailboxItem]>([])
    private let completions = Guarded<[Completion]>([])
    private let isAsleep = Atomic<Bool>(false)
    /// The bytes of all events that were posted and are not done yet, each once: the memory that they keep.
    public let backlog = Backlog()
    private let wakeLoop: @Sendable () -> Void

    /// - Parameter wakeLoop: wakes the loop from its wait. Any thread calls it, and only while the loop sleeps.
    public init(wakeLoop: @escaping @Sendable () -> Void) {
        self.wakeLoop = wakeLoop
    }

    /// Posts items. The caller must ``wake()`` the loop afterwards, outside of its own locks.
    ///
    /// - Parameter posted: is empty afterwards.
    func post(_ posted: inout [MailboxItem]) {
        var bytes = 0
        for index in posted.indices {
            bytes += posted[index].frame.count
            posted[index].backlog.add(posted[index].work)
        }
        backlog.add(bytes)
        items.withLock { items in
            // Often nothing waits. Then no item is copied.
            if items.isEmpty { swap(&items, &posted) } else { items += posted }
        }
        posted.removeAll(keepingCapacity: posted.capacity <= 4096)
    }

    /// Posts a result that the loop waited for, and wakes the loop.
    public func complete(_ completion: Completion) {
        completions.withLock { $0.append(completion) }
        wake()
    }

    /// Wakes the loop if it sleeps. A thread that posts something for the loop calls this after the post.
    public func wake() {
        if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { wakeLoop() }
    }

    /// Takes all items, in the order of the log. `emptied` must be empty; the mailbox reuses its memory.
    public func collectItems(into emptied: inout [MailboxItem]) {
        items.withLock { swap(&$0, &emptied) }
    }

    /// Whether items wait.
    public var hasItems: Bool { items.withLock { !$0.isEmpty } }

    /// Takes all completions, in the order in which they were posted.
    public func collectCompletions() -> [Completion] {
        completions.withLock { waiting in
            guard !waiting.isEmpty else { return [] }
            defer { waiting = [] }
            return waiting
        }
    }

    /// Called by the loop before it waits. After this a post wakes it.
    ///
    /// - Returns: whether it may sleep. False when something was posted before: a loop that slept now would miss it.
    public func prepareToSleep() -> Bool {
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        guard !hasItems, completions.withLock({ $0.isEmpty }) else {
            didWake()
            return false
        }
        return true
    }

    /// Called by the loop after it has waited. After this a post does not wake it.
    public func didWake() {
        isAsleep.store(false, ordering: .sequentiallyConsistent)
    }
}
