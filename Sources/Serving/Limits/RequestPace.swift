/// How fast a client sends a head or a body, for the least rate that an operator asks for.
struct RequestPace {
    /// Milliseconds before crier looks for the first time: a client on a slow network may begin late.
    static let grace: UInt64 = 2_000
    /// Milliseconds between two looks.
    private static let interval: UInt64 = 1_000

    /// What to do when crier has looked.
    enum Verdict: Equatable {
        /// Look again after so many milliseconds.
        case wait(UInt64)
        case tooSlow
        case tooLate
    }

    /// Bytes per second, on average.
    let least: Int
    /// When the client began, and when it must have finished, in milliseconds of the monotonic clock.
    let began: UInt64
    let end: UInt64
    /// Bytes so far.
    var bytes: Int

    func verdict(at now: UInt64) -> Verdict {
        if now >= end { return .tooLate }
        if now > began, UInt64(clamping: bytes) * 1000 < UInt64(clamping: least) * (now - began) { return .tooSlow }
        return .wait(min(Self.interval, end - now))
    }
}
