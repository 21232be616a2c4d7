import HTTPMessages
import SeededRandom
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `A header of the PROXY protocol` {
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]

    private static func version2(_ command: UInt8, _ family: UInt8, _ payload: [UInt8]) -> [UInt8] {
        signature + [0x20 | command, family, UInt8(payload.count >> 8), UInt8(payload.count & 255)] + payload
    }

    private static let good: [(bytes: [UInt8], client: [UInt8]?)] = [
        (Array("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n".utf8), [192, 0, 2, 1]),
        (
            Array("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n".utf8),
            [0x20, 1, 0xD, 0xB8] + Array(repeating: 0, count: 11) + [1]
        ),
        (Array("PROXY TCP6 1:2:3:4:5:6:7:8 :: 0 0\r\n".utf8), [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]),
        (Array("PROXY UNKNOWN\r\n".utf8), nil), (Array("PROXY UNKNOWN ffff::1 x 9 9\r\n".utf8), nil),
        (version2(1, 0x11, [1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 0, 2]), [1, 2, 3, 4]),
        (version2(1, 0x11, [1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 0, 2, 3, 0, 4, 1, 2, 3, 4]), [1, 2, 3, 4]),
        (version2(1, 0x21, Array(0..<36)), Array(0..<16)),
        (version2(0, 0, []), nil), (version2(0, 0x11, Array(0..<12)), nil),
        (version2(1, 0x31, Array(repeating: 0, count: 216)), nil),
        (version2(1, 0, []), nil),
    ]

    @Test func `says who the client is, and where the header ends`() {
        for (bytes, client) in Self.good {
            guard case .header(let header) = ProxyHeader.parse((bytes + [0x47, 0x45])[...]) else {
                Issue.record("\(bytes)")
                continue
            }
            #expect(header.client == client && header.count == bytes.count, "\(bytes)")
        }
    }

    @Test func `is not complete before its last byte`() {
        for (bytes, _) in Self.good {
            for count in 0..<bytes.count {
                #expect(ProxyHeader.parse(bytes[..<count]) == .needsMore, "\(bytes) \(count)")
            }
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
        "PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n", "PROXY TCP6 1::2::3 ::1 1 2\r\n",
        "PROXY TCP6 1.2.3.4 ::1 1 2\r\n", "PROXY TCP6 12345:: ::1 1 2\r\n", "PROXY TCP6 1:2:3:4:5:6:7:8:: ::1 1 2\r\n",
        "PROXY TCP5 1 2 3 4\r\n",
        "PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n", "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n", "PROXY\r\n", "PROXY \n", "\r\n\r\nx",
        "proxy UNKNOWN\r\n",
    ])
    func `that is malformed is none`(_ text: String) {
        #expect(ProxyHeader.parse(Array(text.utf8)[...]) == .invalid)
    }

    @Test func `that is too long, or of another version, is none`() {
        #expect(ProxyHeader.parse(Array(("PROXY UNKNOWN " + String(repeating: "x", count: 200)).utf8)[...]) == .invalid)
        #expect(ProxyHeader.parse((Self.signature + [0x21, 0x11, 0xFF, 0xFF])[...]) == .invalid)
        #expect(ProxyHeader.parse((Self.signature + [0x11, 0x11, 0, 12] + Array(0..<12))[...]) == .invalid)
        #expect(ProxyHeader.parse((Self.signature + [0x22, 0x11, 0, 12] + Array(0..<12))[...]) == .invalid)
        #expect(ProxyHeader.parse((Self.signature + [0x21, 0x11, 0, 11] + Array(0..<11))[...]) == .invalid)
    }
}

@Suite(.endsInTime()) struct `The field of a proxy` {
    private func clients(_ field: ForwardedField, _ lines: String...) throws -> [String] {
        let text = "GET / HTTP/1.1\r\nHost: h\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
        var parser = RequestParser()
        var offset = 0
        guard case .head(let head) = try parser.next(Array(text.utf8).span, &offset) else {
            throw Refusal.badRequestLine
        }
        return field.clients(head.fields).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `names clients without ports and brackets, in its order, over all lines`() throws {
        #expect(
            try clients(.xForwardedFor, "X-Forwarded-For: 1.2.3.4, 5.6.7.8:90", "x-forwarded-for: 2001:db8::1,[::1]:80")
                == ["1.2.3.4", "5.6.7.8", "2001:db8::1", "::1"])
        #expect(
            try clients(
                .forwarded,
                "Forwarded: for=192.0.2.60;proto=http;by=203.0.113.43, For=\"[2001:db8::1]:4711\", proto=https",
                "Forwarded: for=_hidden, for=unknown")
                == ["192.0.2.60", "2001:db8::1", "", "_hidden", "unknown"])
        #expect(try clients(.forwarded, "X-Forwarded-For: 1.2.3.4") == [])
    }
}
