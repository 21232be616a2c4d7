import Bytes

/// The lines of the data of an event: the pieces between CRLF, LF and CR, including empty ones.
struct DataLines: Sequence, IteratorProtocol {
    private let bytes: [UInt8]
    /// The start of the next piece; nil after the last one.
    private var start: Int? = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func next() -> Range<Int>? {
        guard let start else { return nil }
        let end = bytes.span.firstIndex(of: 0x0A, or: 0x0D, from: start)
        if end == bytes.count {
            self.start = nil
        } else {
            let isPair = bytes[end] == 0x0D && end + 1 < bytes.count && bytes[end + 1] == 0x0A
            self.start = end + (isPair ? 2 : 1)
        }
        return start..<end
    }
}
