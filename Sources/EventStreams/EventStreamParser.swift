/// Parses an event stream as a client does, from pieces of any size (WHATWG HTML 9.2.6).
///
/// Invalid UTF-8 becomes U+FFFD. The parser drops an event that the end of the stream cuts off, together with its id:
/// at the end of the stream just read ``lastEventID``.
public struct EventStreamParser: Sendable {
    /// Why the parser stops.
    public enum Failure: Error, Sendable, Hashable {
        /// One event, or one line, has more bytes than the limit. Without a limit a server could fill the client's
        /// memory.
        case eventTooLong(limit: Int)
    }

    /// The id to send in `Last-Event-ID` on reconnect; when it is empty, omit the header.
    public private(set) var lastEventID: String

    private let limit: Int
    private var line: [UInt8] = []
    private var sawCarriageReturn = false
    private var isFirstLine = true
    private var idBuffer: String
    private var type = ""
    private var data: [UInt8] = []
    private var hasData = false

    /// A parser at the start of a stream.
    ///
    /// - Parameters:
    ///   - lastEventID: the id to start from, as on a reconnect.
    ///   - limit: the most bytes of one event.
    public init(lastEventID: String = "", limit: Int = 16 << 20) {
        self.lastEventID = lastEventID
        idBuffer = lastEventID
        self.limit = limit
    }

    /// Parses the next piece of the stream.
    ///
    /// - Returns: the items that the piece completes, in order.
    public mutating func feed(_ bytes: some Sequence<UInt8>) throws(Failure) -> [StreamItem] {
        var items: [StreamItem] = []
        for byte in bytes {
            let afterCarriageReturn = sawCarriageReturn
            sawCarriageReturn = false
            switch byte {
            case 0x0A where afterCarriageReturn: continue  // the second half of CRLF
            case 0x0A, 0x0D:
                sawCarriageReturn = byte == 0x0D
                endLine(&items)
            default:
                line.append(byte)
                guard line.count + data.count <= limit else { throw .eventTooLong(limit: limit) }
            }
        }
        return items
    }

    private mutating func endLine(_ items: inout [StreamItem]) {
        defer { line.removeAll(keepingCapacity: line.capacity <= 4096) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        guard !line.isEmpty else { return dispatch(&items) }
        let colon = line.firstIndex(of: 0x3A)
        let name = line[..<(colon ?? line.endIndex)]
        var value = colon.map { line[($0 + 1)...] } ?? []
        if value.first == 0x20 { value.removeFirst() }
        if name.isEmpty { return items.append(.comment(String(decoding: value, as: UTF8.self))) }
        // Compare names byte by byte: `Data` and ` data` are unknown fields, which clients ignore.
        if name.elementsEqual("data".utf8) {
            data.append(contentsOf: value)
            data.append(0x0A)
            hasData = true
        } else if name.elementsEqual("event".utf8) {
            type = String(decoding: value, as: UTF8.self)
        } else if name.elementsEqual("id".utf8) {
            if !value.contains(0) { idBuffer = String(decoding: value, as: UTF8.self) }
        } else if name.elementsEqual("retry".utf8), let retry = try? Retry(digits: value) {
            items.append(.retry(UInt64(retry.milliseconds)))
        }
    }

    private mutating func dispatch(_ items: inout [StreamItem]) {
        lastEventID = idBuffer
        if hasData {
            let text = String(decoding: data.dropLast(), as: UTF8.self)
            items.append(.event(type: type.isEmpty ? "message" : type, data: text, lastEventID: lastEventID))
        }
        type = ""
        hasData = false
        data.removeAll(keepingCapacity: data.capacity <= 4096)
    }
}
