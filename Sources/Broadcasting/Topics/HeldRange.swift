/// The oldest and the newest retained event of the channels that a pattern matches.
struct HeldRange {
    var oldest: LogPlace?
    var newest: LogPlace?
    /// The range accounts for all events up to here.
    let through: UInt64
}
