/// The numbers of events in a log that several nodes share.
///
/// The engine counts its entries with revisions, and an entry has up to 1,000 events. So the numbers rise, with holes, and
/// nothing may take a hole for a loss.
public enum SharedNumber {
    /// The most events and other changes of an entry.
    public static let changesPerEntry = 1000
    /// How many numbers belong to a revision.
    static let places: UInt64 = 1024

    /// The number of the first event of an entry.
    public static func first(of revision: UInt64) -> UInt64 { revision * places }

    /// The last number that belongs to a revision.
    public static func last(of revision: UInt64) -> UInt64 { revision * places + places - 1 }

    /// The revision of the entry that has an event.
    public static func revision(of number: UInt64) -> UInt64 { number / places }

    /// The place of an event in its entry.
    public static func place(of number: UInt64) -> Int { Int(number % places) }

    /// The numbers of a revision that no entry uses: they are for the events of a node's own channels, which the nodes do
    /// not share.
    static func own(of revision: UInt64) -> ClosedRange<UInt64> {
        first(of: revision) + UInt64(changesPerEntry)...last(of: revision)
    }
}
