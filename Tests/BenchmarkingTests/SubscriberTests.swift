import Glibc
import Kernel
import Testing
import TimeLimits

@testable import Benchmarking

private let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

/// A subscriber of two publishers that is handed bytes and never asks its socket for any.
private struct Reader {
    let subscriber: Subscriber
    private(set) var ages: [UInt64] = []

    init(_ temper: Subscriber.Temper = .prompt) throws {
        subscriber = Subscriber(
            try Descriptor.open("/dev/null", O_RDONLY), channel: 3, temper: temper, began: 0, publishers: 2, size: 32)
    }

    mutating func take(_ text: String, now: UInt64 = 0) throws(Subscriber.Failure) {
        // As in a crowd, the buffer is larger than what came.
        let bytes = Array(text.utf8)
        let old = payload(Stamp(time: 0, sequence: 99, publisher: 0), size: 32)
        try subscriber.take(bytes + old, count: bytes.count, now: now) { ages.append($0) }
    }

    mutating func take(_ events: [(publisher: UInt16, sequence: UInt32)]) throws {
        for event in events { try take(framed(event.publisher, event.sequence)) }
    }
}

private func framed(_ publisher: UInt16, _ sequence: UInt32, time: UInt64 = 0, lastByte: String = ";") -> String {
    let bytes = payload(Stamp(time: time, sequence: sequence, publisher: publisher), size: 32)
    return "data: \(String(decoding: bytes.dropLast(), as: UTF8.self))\(lastByte)\n\n"
}

@Suite(.endsInTime()) struct `A bench subscriber` {
    /// What it makes of the numbers of one publisher.
    private struct Verdict: Equatable {
        let got: Int
        let missed: Int
        let repeated: Int
        let next: UInt32
    }

    private func verdict(_ sequences: [UInt32]) throws -> Verdict {
        var reader = try Reader()
        try reader.take(head)
        try reader.take(sequences.map { (0, $0) })
        let subscriber = reader.subscriber
        #expect(reader.ages.count == subscriber.got)
        return Verdict(
            got: subscriber.got, missed: subscriber.missed, repeated: subscriber.repeated, next: subscriber.next[0])
    }

    @Test func `finds nothing wrong with events in order`() throws {
        #expect(try verdict([0, 1, 2, 3]) == Verdict(got: 4, missed: 0, repeated: 0, next: 4))
    }

    @Test func `counts what was left out`() throws {
        #expect(try verdict([0, 2, 3]) == Verdict(got: 3, missed: 1, repeated: 0, next: 4))
        #expect(try verdict([2, 5]) == Verdict(got: 2, missed: 4, repeated: 0, next: 6))
    }

    @Test func `counts what comes again`() throws {
        #expect(try verdict([0, 1, 1, 2]) == Verdict(got: 3, missed: 0, repeated: 1, next: 3))
        #expect(try verdict([0, 1, 2, 0, 1, 2]) == Verdict(got: 3, missed: 0, repeated: 3, next: 3))
    }

    @Test func `counts what comes out of order as left out and as repeated`() throws {
        #expect(try verdict([0, 2, 1, 3]) == Verdict(got: 3, missed: 1, repeated: 1, next: 4))
    }

    @Test func `expects each publisher's own numbers, and none of a publisher there is not`() throws {
        var reader = try Reader()
        try reader.take(head)
        try reader.take([(0, 0), (1, 0), (1, 1), (0, 1), (1, 2)])
        #expect(reader.subscriber.next == [2, 3])
        #expect(reader.subscriber.got == 5 && reader.subscriber.missed == 0 && reader.subscriber.repeated == 0)
        try reader.take([(2, 0)])
        #expect(reader.subscriber.got == 5 && reader.subscriber.repeated == 1)
    }

    @Test func `finds the same wherever its bytes are cut, in the head, in chunks and in stamps`() throws {
        let chunks = (0..<3).map { number in
            let event = framed(0, UInt32(number), lastByte: number == 1 ? "x" : ";")
            // A chunk ends in the middle of a stamp.
            let (first, second) = (event.prefix(17), event.dropFirst(17))
            return "11\r\n\(first)\r\n\(String(second.utf8.count, radix: 16))\r\n\(second)\r\n"
        }
        let stream = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks.joined()
        var wrong: [Int] = []
        for cut in 1..<stream.utf8.count {
            var reader = try Reader()
            let index = stream.utf8.index(stream.startIndex, offsetBy: cut)
            try reader.take(String(decoding: stream.utf8[..<index], as: UTF8.self))
            try reader.take(String(decoding: stream.utf8[index...], as: UTF8.self))
            let subscriber = reader.subscriber
            if subscriber.got != 3 || subscriber.missed + subscriber.repeated != 0 || subscriber.damaged != 1 {
                wrong.append(cut)
            }
        }
        #expect(wrong.first == nil)
    }

    @Test func `is open when the head is whole, and tells the age of an event`() throws {
        var reader = try Reader()
        try reader.take(String(decoding: head.utf8.dropLast(), as: UTF8.self))
        #expect(reader.subscriber.progress != .open)
        try reader.take("\n" + framed(0, 0, time: 100), now: 130)
        #expect(reader.subscriber.progress == .open)
        // Clocks of different processors may differ a little: no age is below nothing.
        try reader.take(framed(0, 1, time: 200), now: 199)
        #expect(reader.ages == [30, 0])
    }

    @Test func `says why it cannot go on`() throws {
        func failure(_ text: String) throws -> String? {
            var reader = try Reader()
            do throws(Subscriber.Failure) { try reader.take(text) } catch { return "\(error)" }
            return nil
        }
        #expect(try failure(head) == nil)
        #expect(
            try failure("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
                == "a subscriber was answered with 503")
        #expect(try failure("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx") == "a stream ended")
        #expect(try failure("SSH-2.0\r\n\r\n")?.hasPrefix("an answer to a subscriber is not understood: ") == true)
    }
}

@Suite(.endsInTime()) struct `A tally` {
    private func tally(_ temper: Subscriber.Temper) throws -> Tally {
        var reader = try Reader(temper)
        try reader.take(head)
        try reader.take([(0, 0), (0, 2), (0, 2)])
        try reader.take(framed(1, 0, lastByte: "x"))
        var tally = Tally()
        tally.add(reader.subscriber)
        return tally
    }

    @Test func `counts what a prompt subscriber missed as missed, and what a slow one did as skipped`() throws {
        let prompt = try tally(.prompt)
        #expect(prompt.got == 3 && prompt.missed == 1 && prompt.skipped == 0)
        #expect(prompt.expected.map(\.channel) == [3] && prompt.expected.map(\.next) == [[3, 1]])
        let slow = try tally(.slow)
        #expect(slow.got == 0 && slow.missed == 0 && slow.skipped == 1 && slow.expected.isEmpty)
        for tally in [prompt, slow] { #expect(tally.repeated == 1 && tally.damaged == 1) }
    }

    @Test func `adds up with others and keeps the first failure`() throws {
        var sum = Tally()
        var other = try tally(.prompt)
        other.fail("one")
        other.fail("two")
        other.sent = [7]
        other.cut = 1
        other.delivery.record(nanoseconds: 1000)
        sum.add(other)
        sum.add(other)
        sum.add(try tally(.slow))
        #expect(sum.got == 6 && sum.missed == 2 && sum.repeated == 3 && sum.damaged == 3 && sum.skipped == 1)
        #expect(sum.failures == 4 && sum.firstFailure == "one" && sum.sent == [7, 7] && sum.cut == 2)
        #expect(sum.delivery.count == 2 && sum.answer.count == 0)
    }
}
