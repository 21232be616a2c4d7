/// The deadline of one row, in ticks of a ``TimerWheel``. To make it later, set ``tick``: the wheel then wakes the row
/// too early and enters it again.
struct Deadline {
    /// The tick at which the row is due.
    var tick: UInt32 = 0
    /// The tick at which the wheel wakes the row; 0 when the wheel has no entry for it. Entries for other ticks are
    /// stale.
    var wakes: UInt32 = 0
}
