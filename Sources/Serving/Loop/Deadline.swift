/// The deadline of one row, in ticks, as a ``TimerWheel`` keeps it. Moving it later costs nothing: the wheel wakes the row
/// too early, and enters it again then.
struct Deadline {
    /// The tick at which the row is due.
    var tick: UInt32 = 0
    /// The tick at which the wheel looks at the row. 0: the wheel has no entry for it; another entry is stale.
    var wakes: UInt32 = 0
}
