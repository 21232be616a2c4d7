import Broadcasting
import Testing
import TimeLimits

@testable import Serving

@Suite(.endsInTime()) struct `A replay query` {
    private static let now: UInt64 = 1_795_500_000_000

    private func since(_ text: String) throws -> UInt64? {
        guard case .since(let time) = try ReplayQuery.since(Array(text.utf8)[...], now: Self.now) else { return nil }
        return time
    }

    @Test func `accepts a number of events, all or none`() throws {
        #expect(try ReplayQuery.replay(Array("none".utf8)[...]) == .none)
        #expect(try ReplayQuery.replay(Array("0".utf8)[...]) == .none)
        #expect(try ReplayQuery.replay(Array("all".utf8)[...]) == .all)
        #expect(try ReplayQuery.replay(Array("007".utf8)[...]) == .last(7))
        for text in ["", "-1", "+1", "1.5", "ALL", "1000000001", "99999999999999999999", "٣"] {
            #expect(throws: Problem.self) { try ReplayQuery.replay(Array(text.utf8)[...]) }
        }
    }

    @Test func `accepts a time ago`() throws {
        for (text, ago) in [
            ("90", 90_000), ("90s", 90_000), ("500ms", 500), ("10m", 600_000), ("2h", 7_200_000), ("0", 0),
        ] {
            #expect(try since(text) == Self.now - UInt64(ago))
        }
        #expect(try since("7d") == Self.now - 604_800_000)
        // A time before 1970 means every event.
        #expect(try since("999999999999d") == 0 && since("99999d") == 0 && since("213503982335d") == 0)
        for text in ["", "m", "-1", "1w", "1 m", "10 m", "1e3", "9999999999999", "10M"] {
            #expect(throws: Problem.self, "\(text)") { try since(text) }
        }
    }

    @Test func `takes a moment for one of the machine's clock, and a time ago for one of the hub's`() throws {
        for (text, expected) in [("2026-11-24T10:00:00Z", 1_795_510_800_000), ("1795514400", 1_795_510_800_000)] {
            let start = try ReplayQuery.since(Array(text.utf8)[...], now: Self.now, ahead: 3_600_000)
            #expect(start == .since(UInt64(expected)))
        }
        let start = try ReplayQuery.since(Array("1h".utf8)[...], now: Self.now, ahead: 3_600_000)
        #expect(start == .since(Self.now - 3_600_000))
        #expect(try ReplayQuery.since(Array("1000000000".utf8)[...], now: 0, ahead: .max) == .since(0))
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-01-01T00:00:00-01:30", 1_767_231_000_000),
        ("2026-11-24T10:00:00Z", 1_795_514_400_000),
        ("2026-11-24t10:00:00.5z", 1_795_514_400_500), ("2026-11-24 12:30:00.1239+02:30", 1_795_514_400_123),
        ("2026-11-24T05:00:00-05:00", 1_795_514_400_000), ("2024-02-29T23:59:60Z", 1_709_251_200_000),
        ("2000-02-29T00:00:00Z", 951_782_400_000), ("2100-03-01T00:00:00Z", 4_107_542_400_000),
        ("1795514400", 1_795_514_400_000),
        ("2026-11-24T12:00:00 02:00", 1_795_514_400_000),
    ])
    func `accepts a moment`(text: String, expected: UInt64) throws {
        #expect(try since(text) == expected)
    }

    @Test(arguments: [
        "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-32T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
        "2026-01-01T00:00:00",
        "2026-01-01", "2026-1-1T00:00:00Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx",
        "2026-01-01T00:00:00+24:00",
        "1969-12-31T23:59:59Z",
    ])
    func `refuses a moment that does not exist`(text: String) {
        #expect(throws: Problem.self) { try since(text) }
    }
}
