import HTTPMessages
import Kernel
import SystemPackage

/// One connection that subscribes, and the events it has received.
final class Subscriber {
    /// How fast it reads.
    enum ReadingPace {
        /// It reads all bytes at once.
        case immediate
        /// It reads a few bytes at intervals.
        case slow
        /// It reads nothing.
        case stalled
        /// It closes as soon as the stream is open.
        case connectOnly
    }

    /// The state of the connection.
    enum Progress {
        case connecting, requesting, open, closed
    }

    let socket: Descriptor
    let channel: Int
    let pace: ReadingPace
    let began: UInt64
    var progress = Progress.connecting
    /// Events that it has received, each counted once.
    private(set) var received = 0
    /// Events missing between two that it received.
    private(set) var missed = 0
    /// Events that it received again, or after a later one.
    private(set) var repeated = 0

    private var parser = ResponseParser()
    private var scanner: StampScanner
    /// The number of the next event from each publisher.
    private(set) var next: [UInt32]

    init(_ socket: consuming Descriptor, channel: Int, pace: ReadingPace, began: UInt64, publishers: Int, size: Int) {
        self.socket = socket
        self.channel = channel
        self.pace = pace
        self.began = began
        scanner = StampScanner(size: size)
        next = [UInt32](repeating: 0, count: pace == .connectOnly ? 0 : publishers)
    }

    var damaged: Int { scanner.damaged }

    /// Why it stops.
    enum Failure: Error, CustomStringConvertible {
        case status(Int)
        case notUnderstood(Refusal)
        case ended

        var description: String {
            switch self {
            case .status(let status): "a subscriber was answered with \(status)"
            case .notUnderstood(let refusal): "an answer to a subscriber is not understood: \(refusal)"
            case .ended: "a stream ended"
            }
        }
    }

    /// Parses bytes from the socket and calls `age` with the age of each new event in nanoseconds.
    func take(_ bytes: [UInt8], count: Int, now: UInt64, _ age: (UInt64) -> Void) throws(Failure) {
        var offset = 0
        let input = bytes.span.extracting(0..<count)
        while true {
            let step: ResponseParser.Step
            do throws(Refusal) { step = try parser.next(input, &offset) } catch { throw .notUnderstood(error) }
            switch step {
            case .needsMore: return
            case .head(let head):
                guard head.status == 200 else { throw .status(head.status) }
                progress = .open
            case .end: throw .ended
            case .body(let range):
                unsafe bytes.withUnsafeBytes { bytes in
                    let piece = unsafe UnsafeRawBufferPointer(rebasing: bytes[range])
                    unsafe scanner.scan(piece) { stamp in
                        if note(stamp) { age(now > stamp.time ? now - stamp.time : 0) }
                    }
                }
            }
        }
    }

    /// - Returns: whether the event is new.
    @inline(__always)
    private func note(_ stamp: Stamp) -> Bool {
        let publisher = Int(stamp.publisher)
        guard publisher < next.count, stamp.sequence >= next[publisher] else {
            repeated += 1
            return false
        }
        missed += Int(stamp.sequence - next[publisher])
        next[publisher] = stamp.sequence &+ 1
        received += 1
        return true
    }
}
