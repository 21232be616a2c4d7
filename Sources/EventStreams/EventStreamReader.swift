/// Reads events from a stream that a publisher sends, in any pieces. Other than a client, which makes the best of what it
/// gets (``EventStreamParser``), it refuses what it could only publish changed.
///
/// Comments, unknown fields and blocks without data are skipped, as the standard wants (WHATWG HTML 9.2.6). The id is that
/// of the block itself.
public struct EventStreamReader: Sendable {
    /// Why reading cannot go on.
    public struct Failure: Error, Sendable, Hashable {
        /// The line, the first being 1.
        public let line: Int
        /// What is wrong with it.
        public let reason: Reason
    }

    /// What is wrong with a line.
    public enum Reason: Error, Sendable, Hashable, CustomStringConvertible {
        case invalid(InvalidEvent)
        /// The event has more bytes than one may have.
        case tooLong(limit: Int)
        /// The stream ends within an event; by the standard it is not one.
        case cutOff

        /// A sentence for the publisher.
        public var description: String {
            switch self {
            case .invalid(let invalid): invalid.description
            case .tooLong(let limit): "The event is longer than \(limit) bytes."
            case .cutOff: "The stream ends before the blank line that ends the event."
            }
        }
    }

    private let limit: Int
    private var line: [UInt8] = []
    private var number = 1
    private var sawCarriageReturn = false
    private var data: [UInt8]?
    private var event = Event(data: nil)

    /// - Parameter limit: the most bytes of one event.
    public init(limit: Int) {
        self.limit = limit
    }

    /// Takes the next piece and adds what became complete with it to `events`, up to a bad line; nothing may be fed after
    /// one.
    public mutating func feed(_ bytes: Span<UInt8>, into events: inout [Event]) throws(Failure) {
        for index in bytes.indices {
            let byte = bytes[index]
            let afterCarriageReturn = sawCarriageReturn
            sawCarriageReturn = byte == 0x0D
            if byte == 0x0A, afterCarriageReturn { continue }
            guard byte == 0x0A || byte == 0x0D else {
                line.append(byte)
                guard line.count + (data?.count ?? 0) <= limit else {
                    throw Failure(line: number, reason: .tooLong(limit: limit))
                }
                continue
            }
            do throws(InvalidEvent) {
                try endLine(&events)
            } catch {
                throw Failure(line: number, reason: .invalid(error))
            }
            number += 1
        }
    }

    /// Takes the end.
    public func finish() throws(Failure) {
        guard data == nil, !line.starts(with: "data".utf8) else { throw Failure(line: number, reason: .cutOff) }
    }

    private mutating func endLine(_ events: inout [Event]) throws(InvalidEvent) {
        defer { line.removeAll(keepingCapacity: line.capacity <= 64 * 1024) }
        if number == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        guard !line.isEmpty else {
            if let data {
                event.data = try EventData(utf8: data)
                events.append(event)
            }
            data = nil
            event = Event(data: nil)
            return
        }
        let colon = line.firstIndex(of: 0x3A) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == 0x20 { value.removeFirst() }
        let name = line[..<colon]
        if name.elementsEqual("data".utf8) {
            // In place: an event may have as many lines as bytes.
            if data == nil { data = [] } else { data?.append(0x0A) }
            data?.append(contentsOf: value)
        } else if name.elementsEqual("event".utf8) {
            event.name = try EventName(utf8: value)
        } else if name.elementsEqual("id".utf8) {
            event.id = try EventID(utf8: value)
        } else if name.elementsEqual("retry".utf8) {
            event.retry = try Retry(digits: value)
        }
    }
}
