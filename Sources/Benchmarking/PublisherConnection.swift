import HTTPMessages
import Kernel
import SystemPackage

/// One connection that publishes, one request after the other.
final class PublisherConnection {
    let number: Int
    private let workload: Workload
    private(set) var socket: Descriptor
    private var parser = ResponseParser()
    private var status = 0
    private var keepsAlive = true
    private var output: [UInt8] = []
    private var written = 0
    /// Events sent so far.
    private(set) var sent = 0
    /// When the present request began; nil when it has been answered.
    private(set) var began: UInt64?
    /// A request whose body goes on.
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

    /// Whether the last request has been answered.
    var isIdle: Bool { began == nil }

    /// Replaces a connection that the server has ended between two requests.
    ///
    /// - Returns: whether there is another one, which must be watched.
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

    /// Begins a request whose body goes on until ``endStream()``.
    func beginStream() {
        output = head(number % workload.channels, "Transfer-Encoding: chunked")
        written = 0
        began = Clock.monotonicNanoseconds
        isStreaming = true
    }

    /// Adds events to the body, as one chunk. All of them go to the channel of the request.
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

    /// Ends its part after a failure: nothing is under way any more, and no answer will come.
    func giveUp() {
        began = nil
        isStreaming = false
        output = []
        written = 0
    }

    /// Writes what is to be written.
    ///
    /// - Returns: whether all of it is out.
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

    /// Why it cannot go on.
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

    /// Reads what has come.
    ///
    /// - Returns: nanoseconds from the beginning of the request, when it is answered now.
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

    /// The body for a channel, and where in it the payload begins.
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
