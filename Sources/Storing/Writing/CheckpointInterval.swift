/// How many pages SQLite's write-ahead log may have before they are copied into the file. The store waits meanwhile.
///
/// The copy takes as long as there are different pages. Events that come and go change the same pages again and again: then the
/// copy is as short after many pages as after few, and it is made rarely. Events that stay need new pages: then it is made often,
/// so that each is short.
struct CheckpointInterval {
    /// Pages of 4 KiB.
    private(set) var pages = Self.first

    /// 32 MiB. A store that began with the shortest one would copy up to sixteen times as often in its first seconds as later.
    static let first = 8 * 1024
    /// 4 MiB.
    static let shortest = 1024
    /// 64 MiB.
    static let longest = 16 * 1024

    /// Nanoseconds. An interval with a shorter copy becomes twice as long.
    private static let brief: UInt64 = 20_000_000
    /// Nanoseconds. An interval with a longer copy becomes half as long.
    private static let tooLong: UInt64 = 40_000_000

    /// Takes note of a copy.
    mutating func adapt(to nanoseconds: UInt64) {
        if nanoseconds < Self.brief {
            pages = min(2 * pages, Self.longest)
        } else if nanoseconds > Self.tooLong {
            pages = max(pages / 2, Self.shortest)
        }
    }

    /// Begins anew.
    mutating func reset() { pages = Self.first }
}
