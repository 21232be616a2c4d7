import Broadcasting
import JSON

/// The list of channels of an envelope, for the one after it: most events of an array go to the same channels, and their
/// names would be most of the work.
struct ChannelList {
    /// Where the list is in the text, with its brackets. Nowhere before the first list.
    private var place = 0..<0
    private var names: [ChannelName] = []

    /// No list.
    init() {}

    /// A list that the scanner has read.
    ///
    /// - Parameter start: the position of its opening bracket.
    init(_ names: [ChannelName], from start: Int, to scanner: borrowing JSONScanner) {
        self.names = names
        place = start..<scanner.position
    }

    /// Consumes the same list, if that is next.
    ///
    /// - Returns: its names; nil if something else is next.
    func taken(by scanner: inout JSONScanner) -> [ChannelName]? {
        !place.isEmpty && scanner.takeAgain(place) ? names : nil
    }
}
