import HTTPMessages
import Kernel
import SystemPackage

/// One connection that publishes one request after another.
final class PublisherConnection {
    let number: Int
    private let workload: Workload
    private(set) var socket: Descriptor
    private var parser = ResponseParser()
    private var status = 0
    private var keepsAlive = true
    private var output: [UInt8] = []
    private var written = 0
    /// The number of events sent so far.
    private(set) var sent = 0
    /// The start of the current request in nanoseconds; nil when the server has answered it.
    private(set) var began: UInt64?
    /// Whether the body of the current request is unfinished.
    private var isStreaming = false

    init(_ number: Int, _ workload: Workload) throws(Errno) {
        self.number = number
        self.workload = workload
        socket = try Self.connect(workload)
    }

    private static func connect(_ workload: Workload) throws(Errno) -> Descriptor {
        let socket = try Descriptor.connect(to: workload.publish.address)
        try socket.setNonBlocking(true)
        return socket
    }

    /// Whether the server has answered the last request.
    var isIdle: Bool { began == nil }

    /// Reconnects if the server has closed the connection between two requests.
    ///
    /// - Returns: whether there is a new socket, which the caller must watch.
    func renewIfEnded() throws(Errno) -> Bool {
        guard !keepsAlive || socket.hasEnded else { return false }
        socket = try Self.connect(workload)
        parser = ResponseParser()
        keepsAlive = true
        return true
    }

    /// Sends the next event, with a stamp.
    ///
    /// - Returns: the channel it goes to.
    func publish(time: UInt64) -> Int {
        let (channel, sequence) = workload.destination(of: sent, from: number)
        let record = record(channel, Stamp(time: time, sequence: sequence, publisher: UInt16(number)))
        output = head(channel, "Content-Length: \(record.count)") + record
        written = 0
        sent += 1
        began = Clock.monotonicNanoseconds
        return channel
    }

    /// Starts a request whose body lasts until ``endStream()``.
    func beginStream() {
        output = head(number % workload.channels, "Transfer-Encoding: chunked")
        written = 0
        began = Clock.monotonicNanoseconds
        isStreaming = true
    }

    /// Appends events to the body, as one chunk. All go to the channel of the request.
    func stream(_ count: Int, time: UInt64) {
        var records: [UInt8] = []
        for _ in 0..<count {
            let (channel, sequence) = workload.destination(of: sent, from: number)
            records += record(channel, Stamp(time: time, sequence: sequence, publisher: UInt16(number)))
            sent += 1
        }
        output += Array("\(String(records.count, radix: 16))\r\n".utf8) + records + [0x0D, 0x0A]
    }

    /// Ends the body; the answer follows.
    func endStream() {
        guard isStreaming else { return }
        isStreaming = false
        output += Array("0\r\n\r\n".utf8)
    }

    /// Discards the current request after a failure; it does not wait for an answer.
    func abandon() {
        began = nil
        isStreaming = false
        output = []
        written = 0
    }

    /// Writes the waiting bytes.
    ///
    /// - Returns: whether all bytes are written.
    func flush() throws(Failure) -> Bool {
        while written < output.count {
            let outcome = unsafe output.withUnsafeBytes { bytes in
                unsafe socket.send(UnsafeRawBufferPointer(rebasing: bytes[written...]))
            }
            switch outcome {
            case .wrote(let count): written += count
            case .wouldBlock: return false
            case .failed: throw .lost
            }
        }
        output.removeAll(keepingCapacity: true)
        written = 0
        return true
    }

    /// Why it stops.
    enum Failure: Error, CustomStringConvertible {
        case lost
        case status(Int, String)
        case notUnderstood(Refusal)

        var description: String {
            switch self {
            case .lost: "the connection of a publisher was lost before the answer came"
            case .status(let status, let body): "a publish was answered with \(status): \(body)"
            case .notUnderstood(let refusal): "the answer to a publish is not understood: \(refusal)"
            }
        }
    }

    /// Reads the available bytes.
    ///
    /// - Returns: nanoseconds from the start of the request to the end of its answer; nil when the answer is
    ///   incomplete.
    func read(_ buffer: inout [UInt8]) throws(Failure) -> UInt64? {
        var text = ""
        while case .bytes(let count) = socket.read(into: &buffer) {
            var offset = 0
            while true {
                let step: ResponseParser.Step
                do throws(Refusal) {
                    step = try parser.next(buffer.span.extracting(0..<count), &offset)
                } catch {
                    throw .notUnderstood(error)
                }
                switch step {
                case .head(let head):
                    status = head.status
                    keepsAlive = head.keepsAlive
                    continue
                case .body(let range):
                    text += String(decoding: buffer[range], as: UTF8.self)
                    continue
                case .end where status >= 200:
                    guard (200..<300).contains(status) else { throw .status(status, text) }
                    guard let began else { throw .lost }
                    self.began = nil
                    return Clock.monotonicNanoseconds - began
                case .end: continue
                case .needsMore: break
                }
                break
            }
            if count < buffer.count { break }
        }
        if began != nil, socket.hasEnded { throw .lost }
        return nil
    }

    private func head(_ channel: Int, _ framing: String) -> [UInt8] {
        let target = workload.publish.target(workload.channel(channel))
        return Array(
            ("POST \(target) HTTP/1.1\r\nHost: \(workload.publish.authority)\r\n\(framing)\r\n"
                + "Content-Type: \(workload.contentType)\r\n" + workload.fields.map { $0 + "\r\n" }.joined()
                + "\r\n").utf8)
    }

    private var templates: [Int: (record: [UInt8], stamps: [Int])] = [:]

    private func record(_ channel: Int, _ stamp: Stamp) -> [UInt8] {
        var (record, stamps) = template(channel)
        for place in stamps { stamp.write(into: &record, at: place) }
        return record
    }

    /// The body for a channel, and the offsets of the payloads in it.
    private func template(_ channel: Int) -> (record: [UInt8], stamps: [Int]) {
        if let known = templates[channel] { return known }
        let payload = Stamp.payload(workload.size)
        let text = Template.fill(
            workload.body,
            ["payload": String(decoding: payload, as: UTF8.self), "channel": workload.channel(channel)])
        let record = Array(text.utf8)
        let stamps = record.indices.filter { record[$0...].starts(with: payload) }
        if templates.count < 10_000 { templates[channel] = (record, stamps) }
        return (record, stamps)
    }
}
