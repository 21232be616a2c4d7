public import Broadcasting
import Kernel
public import Logging
import Synchronization
import SystemPackage

/// The hooks of the daemon. A loop that reports something adds a message to a queue, and never waits.
public final class Hooks: Sendable {
    /// Counts of the messages.
    public let counts = HookCounts()
    private let hooks = Guarded<[Hook]>([])
    /// One bit for each kind that a hook wants to be told of.
    private let wanted = Atomic<UInt>(0)
    private let log: Logger

    /// Without hooks.
    public init(log: Logger) { self.log = log }

    /// Whether a hook wants to be told. It costs a word to ask.
    public func wants(_ kind: HookKind) -> Bool { wanted.load(ordering: .relaxed) & kind.bit != 0 }

    /// How many messages wait.
    public var waiting: Int { hooks.withLock { $0 }.reduce(0) { $0 + $1.waiting } }

    /// Puts hooks in force. Those that stay the same keep what waits for them; the others lose it.
    ///
    /// - Throws: the problem with a hook; then those before stay in force.
    public func apply(_ settings: [HookSettings]) throws(HookProblem) {
        let before = hooks.withLock { $0 }
        var (next, new): ([Hook], [Hook]) = ([], [])
        for hook in settings {
            let secret = try HookSecret.read(hook.secret)
            if let same = before.first(where: { $0.settings == hook && $0.secret == secret }) {
                next.append(same)
                continue
            }
            do throws(Errno) {
                new.append(try Hook(hook, secret, counts, log))
            } catch {
                throw HookProblem(description: "hook: \(error)")
            }
        }
        for hook in new {
            do throws(Errno) { try hook.start() } catch {
                throw HookProblem(description: "hook: there is no room for a thread: \(error)")
            }
        }
        let all = next + new
        hooks.withLock { $0 = all }
        let kinds = all.reduce(into: Set<HookKind>()) { $0.formUnion($1.settings.kinds) }
        wanted.store(kinds.reduce(0) { $0 | $1.bit }, ordering: .relaxed)
        for hook in before where !next.contains(where: { $0 === hook }) { hook.stop(within: 0) }
    }

    /// Reads the secrets that hooks name, and puts nothing in force.
    public static func check(_ settings: [HookSettings]) throws(HookProblem) {
        for hook in settings { _ = try HookSecret.read(hook.secret) }
    }

    /// Tells the hooks that want to know.
    ///
    /// - Parameters:
    ///   - subject: the session or the channel.
    ///   - concerns: whether it has to do with the channels of a pattern.
    ///   - data: a JSON object; made only if a hook wants it.
    public func report(
        _ kind: HookKind, about subject: String, concerns: (ChannelPattern) -> Bool, data: () -> [UInt8]
    ) {
        guard wants(kind) else { return }
        var message: HookMessage?
        for hook in hooks.withLock({ $0 })
        where hook.settings.kinds.contains(kind) && hook.settings.pattern.map(concerns) ?? true {
            let made = message ?? HookMessage(kind.rawValue, about: subject, data: data())
            message = made
            hook.add(made)
        }
    }

    /// Counts messages that nobody could make, because too much happened at once.
    public func countLost(_ messages: Int) { counts.add(dropped: messages) }

    /// Delivers what waits, once, and ends the hooks.
    ///
    /// - Parameter milliseconds: that this may take in all.
    public func stop(within milliseconds: UInt64) {
        let deadline = Clock.monotonic + milliseconds
        let hooks = hooks.withLock { $0 }
        for hook in hooks { hook.stop(within: milliseconds) }
        for hook in hooks { hook.waitForEnd(until: deadline) }
    }
}

extension HookKind {
    fileprivate var bit: UInt {
        1 << UInt(HookKind.allCases.firstIndex(of: self) ?? 0)
    }
}
