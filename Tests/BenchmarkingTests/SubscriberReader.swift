import Glibc
import Kernel

@testable import Benchmarking

let subscriberHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

/// A subscriber of two publishers that gets bytes from the test and never reads its socket.
struct SubscriberReader {
    let subscriber: Subscriber
    private(set) var ages: [UInt64] = []

    init(_ pace: Subscriber.ReadingPace = .immediate) throws {
        subscriber = Subscriber(
            try Descriptor.open("/dev/null", O_RDONLY), channel: 3, pace: pace, began: 0, publishers: 2, size: 32)
    }

    mutating func take(_ text: String, now: UInt64 = 0) throws(Subscriber.Failure) {
        // As in a pool, the buffer is larger than the bytes read.
        let bytes = Array(text.utf8)
        let old = payload(Stamp(time: 0, sequence: 99, publisher: 0), size: 32)
        try subscriber.take(bytes + old, count: bytes.count, now: now) { ages.append($0) }
    }

    mutating func take(_ events: [(publisher: UInt16, sequence: UInt32)]) throws {
        for event in events { try take(framed(event.publisher, event.sequence)) }
    }
}

func framed(_ publisher: UInt16, _ sequence: UInt32, time: UInt64 = 0, lastByte: String = ";") -> String {
    let bytes = payload(Stamp(time: time, sequence: sequence, publisher: publisher), size: 32)
    return "data: \(String(decoding: bytes.dropLast(), as: UTF8.self))\(lastByte)\n\n"
}
