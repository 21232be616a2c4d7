import Testing
import TimeLimits

@testable import Benchmarking

@Suite(.endsInTime()) struct `A bench subscriber` {
    /// Its counts for the numbers of one publisher.
    private struct Counts: Equatable {
        let received: Int
        let missed: Int
        let repeated: Int
        let next: UInt32
    }

    private func counts(_ sequences: [UInt32]) throws -> Counts {
        var reader = try SubscriberReader()
        try reader.take(subscriberHead)
        try reader.take(sequences.map { (0, $0) })
        let subscriber = reader.subscriber
        #expect(reader.ages.count == subscriber.received)
        return Counts(
            received: subscriber.received, missed: subscriber.missed, repeated: subscriber.repeated,
            next: subscriber.next[0])
    }

    @Test func `counts events in order as received`() throws {
        #expect(try counts([0, 1, 2, 3]) == Counts(received: 4, missed: 0, repeated: 0, next: 4))
    }

    @Test func `counts missing events`() throws {
        #expect(try counts([0, 2, 3]) == Counts(received: 3, missed: 1, repeated: 0, next: 4))
        #expect(try counts([2, 5]) == Counts(received: 2, missed: 4, repeated: 0, next: 6))
    }

    @Test func `counts repeated events`() throws {
        #expect(try counts([0, 1, 1, 2]) == Counts(received: 3, missed: 0, repeated: 1, next: 3))
        #expect(try counts([0, 1, 2, 0, 1, 2]) == Counts(received: 3, missed: 0, repeated: 3, next: 3))
    }

    @Test func `counts events out of order as missing and as repeated`() throws {
        #expect(try counts([0, 2, 1, 3]) == Counts(received: 3, missed: 1, repeated: 1, next: 4))
    }

    @Test func `counts each publisher separately, and an event of an unknown publisher as repeated`() throws {
        var reader = try SubscriberReader()
        try reader.take(subscriberHead)
        try reader.take([(0, 0), (1, 0), (1, 1), (0, 1), (1, 2)])
        #expect(reader.subscriber.next == [2, 3])
        #expect(reader.subscriber.received == 5 && reader.subscriber.missed == 0 && reader.subscriber.repeated == 0)
        try reader.take([(2, 0)])
        #expect(reader.subscriber.received == 5 && reader.subscriber.repeated == 1)
    }

    @Test func `counts the same wherever its bytes are split, in the head, in chunks and in stamps`() throws {
        let chunks = (0..<3).map { number in
            let event = framed(0, UInt32(number), lastByte: number == 1 ? "x" : ";")
            // A chunk ends in the middle of a stamp.
            let (first, second) = (event.prefix(17), event.dropFirst(17))
            return "11\r\n\(first)\r\n\(String(second.utf8.count, radix: 16))\r\n\(second)\r\n"
        }
        let stream = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks.joined()
        var wrong: [Int] = []
        for cut in 1..<stream.utf8.count {
            var reader = try SubscriberReader()
            let index = stream.utf8.index(stream.startIndex, offsetBy: cut)
            try reader.take(String(decoding: stream.utf8[..<index], as: UTF8.self))
            try reader.take(String(decoding: stream.utf8[index...], as: UTF8.self))
            let subscriber = reader.subscriber
            if subscriber.received != 3 || subscriber.missed + subscriber.repeated != 0 || subscriber.damaged != 1 {
                wrong.append(cut)
            }
        }
        #expect(wrong.first == nil)
    }

    @Test func `is open when the head is complete, and reports the age of an event`() throws {
        var reader = try SubscriberReader()
        try reader.take(String(decoding: subscriberHead.utf8.dropLast(), as: UTF8.self))
        #expect(reader.subscriber.progress != .open)
        try reader.take("\n" + framed(0, 0, time: 100), now: 130)
        #expect(reader.subscriber.progress == .open)
        // Clocks of different processors may differ a little: an age is never negative.
        try reader.take(framed(0, 1, time: 200), now: 199)
        #expect(reader.ages == [30, 0])
    }

    @Test func `reports why it stops`() throws {
        func failure(_ text: String) throws -> String? {
            var reader = try SubscriberReader()
            do throws(Subscriber.Failure) { try reader.take(text) } catch { return "\(error)" }
            return nil
        }
        #expect(try failure(subscriberHead) == nil)
        #expect(
            try failure("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
                == "a subscriber was answered with 503")
        #expect(try failure("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx") == "a stream ended")
        #expect(try failure("SSH-2.0\r\n\r\n")?.hasPrefix("an answer to a subscriber is not understood: ") == true)
    }
}
