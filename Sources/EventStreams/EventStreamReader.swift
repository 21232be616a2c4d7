/// Parses the event stream of a publisher, from pieces of any size. Like a client (``EventStreamParser``) it skips what
/// the standard ignores: comments, unknown fields, blocks without data, a `retry` that is no number and an `id` with a NUL
/// (WHATWG HTML 9.2.6). It refuses what crier would have to change to publish it. An event has only the id of its own block.
public struct EventStreamReader: Sendable {
    /// Why the reader stops, and at which line.
    public struct Failure: Error, Sendable, Hashable {
        /// The number of the line, from 1 on.
        public let line: Int
        /// The error in the line.
        public let reason: Reason
    }

    /// An error in a line.
    public enum Reason: Error, Sendable, Hashable, CustomStringConvertible {
        /// A field has an invalid value.
        case invalid(InvalidEvent)
        /// The event has more bytes than the limit.
        case tooLong(limit: Int)
        /// The stream ends within an event, which the standard then discards.
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
    /// How many `retry` and `id` fields it has skipped because of their values.
    public private(set) var ignored = 0

    /// A reader at the start of a stream.
    ///
    /// - Parameter limit: the most bytes of one event.
    public init(limit: Int) {
        self.limit = limit
    }

    /// The bytes of an event, or of a line, whose end has not arrived.
    public var unfinished: Int { line.count + (data?.count ?? 0) }

    /// Parses the next piece and appends the events that it completes to `events`. Do not call it again after it has
    /// thrown; `events` then holds the events before the bad line.
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

    /// Checks that the stream does not end within an event. Call it at the end of the stream.
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
            // Append in place: a copy for each line would be quadratic, as an event may have as many lines as bytes.
            if data == nil { data = [] } else { data?.append(0x0A) }
            data?.append(contentsOf: value)
        } else if name.elementsEqual("event".utf8) {
            event.name = try EventName(utf8: value)
        } else if name.elementsEqual("id".utf8) {
            if value.contains(0) { ignored += 1 } else { event.id = try EventID(utf8: value) }
        } else if name.elementsEqual("retry".utf8) {
            if let retry = try? Retry(digits: value) { event.retry = retry } else { ignored += 1 }
        }
    }
}
