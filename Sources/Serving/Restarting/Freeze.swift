import Broadcasting
import Kernel
import Synchronization

/// Brings all loops to a stop between two system calls, so that another process can continue their connections.
///
/// First every loop settles: it accepts nobody, begins no request, and answers those in progress. When all loops have settled,
/// nobody can publish any more. Then each loop writes the events that wait, records its connections, and stands still.
public final class Freeze: Sendable {
    /// What the loops do afterwards, if the process remains.
    public enum Next: Sendable {
        /// They serve on.
        case serve
        /// They finish their connections and end.
        case drain
    }

    private let loops: Int
    private let settled = Atomic(0)
    private let frozen = Atomic(0)
    private let connections = Guarded<[FrozenConnection]>([])
    private let next = Guarded<Next?>(nil)
    private let notify: @Sendable () -> Void
    private let wakeLoops: @Sendable () -> Void

    /// - Parameters:
    ///   - notify: called on the thread of the last loop that stands still.
    ///   - wakeLoops: wakes the loops that stand still.
    init(loops: Int, notify: @escaping @Sendable () -> Void, wakeLoops: @escaping @Sendable () -> Void) {
        self.loops = loops
        self.notify = notify
        self.wakeLoops = wakeLoops
    }

    /// Whether every loop stands still.
    public var isComplete: Bool { frozen.load(ordering: .sequentiallyConsistent) == loops }

    /// Lets the loops go on.
    public func thaw(_ next: Next) {
        self.next.withLock { $0 = next }
        wakeLoops()
    }

    /// The connections, once all loops stand still.
    var all: [FrozenConnection] { connections.withLock { $0 } }

    // MARK: For the loops

    /// Whether no loop has a request in progress.
    var isSettled: Bool { settled.load(ordering: .sequentiallyConsistent) == loops }

    /// A loop has no request in progress any more.
    func settle() { settled.add(1, ordering: .sequentiallyConsistent) }

    /// What the loops do now, if the freeze is over, also for one that does not stand still yet; else nil.
    var ended: Next? { next.withLock { $0 } }

    /// Stands still on the thread of a loop, until the process ends or ``thaw(_:)``.
    func stand(_ frozen: [FrozenConnection], _ wakeup: borrowing Wakeup) -> Next {
        connections.withLock { $0 += frozen }
        if self.frozen.add(1, ordering: .sequentiallyConsistent).newValue == loops { notify() }
        while true {
            if let ended { return ended }
            _ = wakeup.wait(milliseconds: 1000)
            wakeup.clear()
        }
    }
}

/// A connection of a loop that stands still.
struct FrozenConnection: Sendable {
    /// The number of its socket, which belongs to the loop.
    let socket: CInt
    let record: ConnectionRecord
}
