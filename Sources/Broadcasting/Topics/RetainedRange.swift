/// The oldest and the newest retained event of the channels that a pattern matches.
struct RetainedRange {
    var oldest: LogIndexEntry?
    var newest: LogIndexEntry?
    /// The range accounts for all events up to here.
    let through: UInt64
}
