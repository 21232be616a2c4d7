import Testing
import TimeLimits

@testable import Benchmarking

/// The findings of a scanner in bytes that arrive in pieces.
private struct Findings: Equatable, CustomStringConvertible {
    var stamps: [Stamp] = []
    var damaged = 0

    /// - Parameter cuts: offsets at which one piece ends and the next begins.
    init(_ bytes: [UInt8], size: Int, cuts: [Int] = []) {
        var scanner = StampScanner(size: size)
        var start = 0
        for end in cuts + [bytes.count] {
            let piece = Array(bytes[start..<end])
            unsafe piece.withUnsafeBytes { piece in
                unsafe scanner.scan(piece) { stamps.append($0) }
            }
            start = end
        }
        damaged = scanner.damaged
    }

    init(_ stamps: [Stamp], damaged: Int = 0) {
        self.stamps = stamps
        self.damaged = damaged
    }

    var description: String { "\(stamps.map(\.sequence)), damaged \(damaged)" }
}

private let stamps = (0..<4).map { Stamp(time: 1 << 40 + UInt64($0), sequence: UInt32($0), publisher: 0xabc) }

/// Events around the stamps.
private func stream(_ size: Int, _ frame: (_ number: Int, _ payload: String) -> String) -> [UInt8] {
    stamps.enumerated().flatMap { number, stamp in
        Array(frame(number, String(decoding: payload(stamp, size: size), as: UTF8.self)).utf8)
    }
}

/// Bytes that servers put around a payload.
private let framings: [(name: String, frame: @Sendable (Int, String) -> String)] = [
    ("bare", { $1 }),
    ("SSE", { "id: 17-\($0)\nevent: add\ndata: \($1)\n\n" }),
    ("SSE with CRLF and comments", { ":\r\n: beat \($0)\r\ndata:\($1)\r\n\r\n" }),
    ("JSON", { #"data: {"id":"\#($0)","data":"\#($1)","tags":["a"]}"# + "\n\n" }),
    ("marks before it", { "id: a@b.c\nevent: @\nid: @@0123@\($0)\ndata: @@\($1)@\n\n" }),
    ("a cut stamp before it", { "id: \($0)\ndata: @0123456789abcdef01234567@\($1)\n\n" }),
    ("a digit too few before it", { "data: @0123456789abcdef01234567000\($1)\n\n" }),
]

@Suite(.endsInTime()) struct `The stamp scanner` {
    @Test(arguments: framings.indices, [Stamp.minimum, 31, 47])
    func `finds the same wherever the bytes are split twice, with any framing`(_ framing: Int, _ size: Int) {
        let bytes = stream(size, framings[framing].frame)
        let expected = Findings(stamps)
        #expect(Findings(bytes, size: size) == expected, "\(framings[framing].name)")
        var wrong: [[Int]] = []
        for one in 0...bytes.count {
            for other in [one, one + 1, one + 13, one + Stamp.size, one + size + 1] where other <= bytes.count {
                if Findings(bytes, size: size, cuts: [one, other]) != expected { wrong.append([one, other]) }
            }
        }
        #expect(wrong.first == nil, "\(framings[framing].name)")
    }

    @Test(arguments: framings.indices, [1, 2, 3, 7, 28, 29, 30])
    func `finds the same in pieces of a few bytes`(_ framing: Int, _ length: Int) {
        let bytes = stream(64, framings[framing].frame)
        let cuts = Array(stride(from: length, to: bytes.count, by: length))
        #expect(Findings(bytes, size: 64, cuts: cuts) == Findings(stamps), "\(framings[framing].name)")
    }

    @Test func `skips payloads far larger than a piece, and marks in their padding`() {
        let size = 100_000
        let bytes = stream(size) { "id: \($0)\ndata: \($1.replacing(".........", with: "@@@@@@@@@"))\n\n" }
        let expected = Findings(stamps)
        for length in [1000, 1009, 4096, 99_999] {
            let cuts = Array(stride(from: length, to: bytes.count, by: length))
            #expect(Findings(bytes, size: size, cuts: cuts) == expected, "\(length)")
        }
    }

    @Test func `counts each payload with a wrong last byte, wherever it is split`() {
        let bytes = stream(40) { number, payload in
            number.isMultiple(of: 2) ? "data: \(payload.dropLast())x\n\n" : "data: \(payload)\n\n"
        }
        let expected = Findings(stamps, damaged: 2)
        let wrong = (0...bytes.count).filter { Findings(bytes, size: 40, cuts: [$0]) != expected }
        #expect(wrong.first == nil)
    }

    @Test func `counts a payload with missing or extra bytes as damaged`() {
        let good = payload(stamps[0], size: 40)
        let cut = Array(good[..<35]) + Array(good[36...]) + [0x0A, 0x0A]
        let stretched = Array(good[..<35]) + [UInt8(ascii: ".")] + Array(good[35...])
        #expect(Findings(cut, size: 40) == Findings([stamps[0]], damaged: 1))
        #expect(Findings(stretched, size: 40) == Findings([stamps[0]], damaged: 1))
    }

    @Test func `does not judge an incomplete payload`() {
        let bytes = payload(stamps[0], size: 40)
        let findings = (0..<bytes.count).map { Findings(Array(bytes[..<$0]), size: 40) }
        #expect(findings.allSatisfy { $0.damaged == 0 })
        #expect(findings.map(\.stamps.count) == bytes.indices.map { $0 < Stamp.size ? 0 : 1 })
    }

    @Test func `finds no stamp where there is none`() {
        for text in ["", "@", "data: hello\n\n", String(repeating: "@", count: 100)] {
            #expect(Findings(Array(text.utf8), size: 40) == Findings([]))
        }
    }
}
