import HTTPMessages
import Kernel
import SystemPackage

/// One connection that subscribes, and what it has seen.
final class Subscriber {
    /// How it reads.
    enum Temper {
        /// Whatever comes, at once.
        case prompt
        /// A little now and then.
        case slow
        /// Nothing.
        case stalled
        /// Until the stream has begun; then it leaves.
        case visitor
    }

    /// How far it has come.
    enum Progress {
        case connecting, asking, open, gone
    }

    let socket: Descriptor
    let channel: Int
    let temper: Temper
    let began: UInt64
    var progress = Progress.connecting
    /// Events that it has got, each counted once.
    private(set) var got = 0
    /// Events that were left out between two that it got.
    private(set) var missed = 0
    /// Events that it got again, or later than one after them.
    private(set) var repeated = 0

    private var parser = ResponseParser()
    private var scanner: StampScanner
    /// The number of the next event of each publisher.
    private(set) var next: [UInt32]

    init(_ socket: consuming Descriptor, channel: Int, temper: Temper, began: UInt64, publishers: Int, size: Int) {
        self.socket = socket
        self.channel = channel
        self.temper = temper
        self.began = began
        scanner = StampScanner(size: size)
        next = [UInt32](repeating: 0, count: temper == .visitor ? 0 : publishers)
    }

    var damaged: Int { scanner.damaged }

    /// Why it cannot go on.
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

    /// Takes bytes from the socket and hands over the age of each event that came when it should, if the stamps are to
    /// be looked at.
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

    /// - Returns: whether the event is a new one.
    @inline(__always)
    private func note(_ stamp: Stamp) -> Bool {
        let publisher = Int(stamp.publisher)
        guard publisher < next.count, stamp.sequence >= next[publisher] else {
            repeated += 1
            return false
        }
        missed += Int(stamp.sequence - next[publisher])
        next[publisher] = stamp.sequence &+ 1
        got += 1
        return true
    }
}
