import Kernel
import Testing

@testable import crier

@Suite struct `Figures for people` {
    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (12_345, "12,345"), (999_999, "999,999"), (1_234_567, "1.2 M"),
        (2_000_000_000, "2 G"), (-1234, "-1,234"),
    ])
    func `have few digits`(number: Int, text: String) { #expect(Amount.text(number) == text) }

    @Test(arguments: [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (1_048_576, "1 MiB"), (1e13, "9.1 TiB")])
    func `have a unit of bytes`(bytes: Double, text: String) { #expect(Amount.text(bytes: bytes) == text) }
}

@Suite struct `Figures of a daemon that is not crier` {
    @Test func `may be anything`() {
        for number in [1e300, -1e300, .infinity, .nan] { _ = (Amount.text(rate: number), Amount.text(bytes: number)) }
        #expect(Amount.text(.min).hasPrefix("-"))
    }
}

@Suite struct `The doctor` {
    @Test func `reads the dates of HTTP and of certificates`() {
        #expect(HTTPDate.seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(HTTPDate.seconds("Thu, 29 Feb 2024 00:00:00 GMT") == 1_709_164_800)
        #expect(HTTPDate.seconds("yesterday") == nil)
        #expect(HTTPDate.seconds("Sun, 06 Nov 9223372036854775807 08:49:37 GMT") == nil)
        #expect(HTTPDate.seconds("Sun, 06 Nov 1994 9223372036854775807:49:37 GMT") == nil)
        #expect(CertificateDate.days(until: "Jan  1 00:00:00 2000 GMT").map { $0 < -9000 } == true)
        #expect(CertificateDate.days(until: "Dec 31 23:59:59 9998 GMT").map { $0 > 2_000_000 } == true)
        #expect(CertificateDate.days(until: "soon") == nil)
    }
}

@Suite struct `A table` {
    @Test func `shows no character that could steer a terminal or turn a line`() {
        #expect(Table.printable("a\u{1B}[31m\u{9B}b\u{202E}c\u{2028}d é") == "a?[31m?b?c?d é")
    }
}
