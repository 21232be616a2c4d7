public import Broadcasting
import Bytes

/// Parses newline-delimited envelopes (application/x-ndjson) from pieces of any size. It skips empty lines.
public struct EnvelopeLines: Sendable {
    private let rules: Envelope.Rules
    /// The most bytes of a line.
    private let limit: Int
    /// The beginning of a line whose end has not arrived.
    private var pending: [UInt8] = []
    /// The number of the current line, from 1 on.
    private var number = 1

    /// A parser at the start of a body.
    ///
    /// - Parameter limit: the most bytes of a line.
    public init(_ rules: Envelope.Rules, limit: Int) {
        self.rules = rules
        self.limit = limit
    }

    /// The bytes of a line whose end has not arrived.
    public var unfinished: Int { pending.count }

    /// Parses the next piece and appends the events that it completes to `publications`. Do not call it again after it
    /// has thrown; `publications` then holds the events before the bad line.
    public mutating func feed(
        _ bytes: Span<UInt8>, into publications: inout [Publication]
    ) throws(Envelope.Misplaced) {
        var start = 0
        while true {
            let end = bytes.firstIndex(of: 0x0A, or: 0x0A, from: start)
            try add(bytes, start..<end)
            if end == bytes.count { return }
            try endLine(&publications)
            start = end + 1
        }
    }

    /// Parses the last line, which needs no line feed. Call it at the end of the body.
    public mutating func finish(into publications: inout [Publication]) throws(Envelope.Misplaced) {
        try endLine(&publications)
    }

    private mutating func add(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(Envelope.Misplaced) {
        guard pending.count + range.count <= limit else {
            throw Envelope.Misplaced(place: number, reason: .tooLong(limit: limit))
        }
        unsafe bytes.extracting(range).withUnsafeBufferPointer { unsafe pending.append(contentsOf: $0) }
    }

    private mutating func endLine(_ publications: inout [Publication]) throws(Envelope.Misplaced) {
        defer {
            pending.removeAll(keepingCapacity: pending.capacity <= 64 * 1024)
            number += 1
        }
        guard pending.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) else { return }
        do throws(InvalidEnvelope) {
            publications.append(try Envelope.one(pending, rules))
        } catch {
            throw Envelope.Misplaced(place: number, reason: error)
        }
    }
}
