import Kernel
import SystemPackage

/// How a loop waits for its next input: whether it polls before it sleeps.
///
/// The kernel needs some ten microseconds to put a thread to sleep and to wake it, and more in a virtual machine. For a
/// client that sends a request as soon as it has the answer to the one before, that is most of the time between the two. So a
/// loop polls while its input comes that fast. A poll in vain costs processor time that somebody else may need: the loop then
/// sleeps for twice as many short waits as the time before until it tries again.
struct BusyPolling {
    /// The most short waits between two tries.
    static let longestPause = 64

    private enum State {
        case polling
        /// How many short waits are left until the loop tries to poll.
        case sleeping(Int)
    }

    private var state = State.sleeping(1)
    /// The short waits until the next try, after a poll in vain.
    private var pause = 1

    /// Waits for input: polls, if that is worth it, and then sleeps.
    ///
    /// - Parameters:
    ///   - start: when the last turn ended, in nanoseconds of the monotonic clock.
    ///   - milliseconds: the most that it sleeps.
    ///   - limit: the most nanoseconds that it polls, counted from the start.
    /// - Returns: how many descriptors have events.
    mutating func wait(
        on poller: inout Poller, since start: UInt64, milliseconds: Int, limit: UInt64
    ) throws(Errno) -> Int {
        if isWorthIt {
            repeat {
                let ready = try poller.wait(milliseconds: 0)
                if ready > 0 {
                    didPoll(foundInput: true)
                    return ready
                }
            } while Clock.monotonicNanoseconds < start + limit
            didPoll(foundInput: false)
        }
        let ready = try poller.wait(milliseconds: milliseconds)
        didSleep(nanoseconds: Clock.monotonicNanoseconds - start, limit: limit)
        return ready
    }

    /// Whether the loop polls before it sleeps.
    var isWorthIt: Bool {
        if case .polling = state { true } else { false }
    }

    /// Notes the result of a poll.
    mutating func didPoll(foundInput: Bool) {
        guard !foundInput else { return pause = 1 }
        state = .sleeping(pause)
        pause = min(2 * pause, Self.longestPause)
    }

    /// Notes a wait with a sleep. A short one counts, which a poll would probably have ended before its limit: at most twice
    /// as long, because the sleep itself takes part of it.
    ///
    /// - Parameters:
    ///   - nanoseconds: how long it was, from the end of the last turn.
    ///   - limit: the most nanoseconds of a poll.
    mutating func didSleep(nanoseconds: UInt64, limit: UInt64) {
        guard case .sleeping(let left) = state, nanoseconds <= 2 * limit else { return }
        state = left > 1 ? .sleeping(left - 1) : .polling
    }
}
