/// The ticks at which subscribers that got a write in one tick must get the next. They are spread over the last fifth
/// of the interval by slot, so that the subscribers of one fan-out round do not all get their heartbeat in one tick.
struct HeartbeatSchedule {
    private let latest: UInt32
    private let spread: UInt32

    /// - Parameters:
    ///   - tick: the tick of the write.
    ///   - interval: ticks that a stream may be silent.
    init(tick: UInt32, interval: UInt32) {
        latest = tick + interval
        spread = interval / 5 + 1
    }

    /// The tick of the next heartbeat.
    @inline(__always)
    func tick(_ slot: UInt32) -> UInt32 { latest - slot % spread }
}
