/// What a stream says, as a client understands it (WHATWG HTML 9.2.6).
public enum StreamItem: Sendable, Hashable {
    /// A dispatched event: its type (`message` when unnamed), its data, and the last event id at that moment.
    case event(type: String, data: String, lastEventID: String)
    /// A new reconnection time in milliseconds.
    case retry(UInt64)
    /// A comment, without its colon and one leading space. Clients ignore it; tests look for heartbeats.
    case comment(String)
}

/// Reads an event stream from bytes that come in any pieces.
///
/// Invalid UTF-8 becomes U+FFFD, as the standard wants of clients. A block that the end of the stream cuts off is
/// dropped together with its id: give the parser nothing more and read ``lastEventID``.
public struct EventStreamParser: Sendable {
    /// Why reading cannot go on.
    public enum Failure: Error, Sendable, Hashable {
        /// One event, or one line, has more bytes than the limit; a peer must not fill our memory.
        case eventTooLong(limit: Int)
    }

    /// The id to name in `Last-Event-ID` on reconnect; empty means that the header is not sent.
    public private(set) var lastEventID: String

    private let limit: Int
    private var line: [UInt8] = []
    private var sawCarriageReturn = false
    private var isFirstLine = true
    private var idBuffer: String
    private var type = ""
    private var data: [UInt8] = []
    private var hasData = false

    /// - Parameters:
    ///   - lastEventID: the id to start from, as on a reconnect.
    ///   - limit: the most bytes of one event.
    public init(lastEventID: String = "", limit: Int = 16 << 20) {
        self.lastEventID = lastEventID
        idBuffer = lastEventID
        self.limit = limit
    }

    /// Takes the next piece of the stream and answers what became complete with it, in order.
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
        // Names are compared byte by byte: `Data` and ` data` are unknown fields, and those are ignored.
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
