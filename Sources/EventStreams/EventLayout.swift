/// The size of an event on the wire, found by one look at its data.
public struct EventLayout: Sendable {
    /// Bytes after the id.
    public let size: Int
    /// Whether the data is one line, as it nearly always is: it need not be searched for line breaks again.
    let hasOneLine: Bool

    /// Measures an event.
    public init(_ event: borrowing Event) {
        var size = 1
        if let name = event.name { size += "event: ".utf8.count + name.description.utf8.count + 1 }
        if let retry = event.retry { size += EventEncoder.encode(retry: retry).count }
        var lines = 0
        if let data = event.data {
            for line in DataLines(data.bytes) {
                size += "data: ".utf8.count + line.count + 1
                lines += 1
            }
        }
        self.size = size
        hasOneLine = lines == 1
    }
}
