import Testing

@testable import Hooks

@Suite struct `A message for a hook` {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (1_709_164_800_500, "2024-02-29T00:00:00.500Z"), (1_795_989_505_397, "2026-11-29T21:58:25.397Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (1_767_225_599_001, "2025-12-31T23:59:59.001Z"),
        ] as [(UInt64, String)])
    func `has its time in the form of RFC 3339`(milliseconds: UInt64, text: String) {
        #expect(Timestamp.text(milliseconds) == text)
    }

    @Test func `has an id of its own`() {
        let ids = Set((0..<100).map { _ in HookMessage("connect", about: "a", data: Array("{}".utf8)).id })
        #expect(ids.count == 100)
        #expect(ids.allSatisfy { $0.hasPrefix("msg_") && !$0.contains(".") })
    }

    @Test(arguments: [
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", " whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
    ])
    func `is signed with a secret of 24 to 64 bytes`(text: String) {
        #expect(HookSecret(text) != nil)
    }

    @Test(arguments: ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILA==", "whsec_%%%%"])
    func `is not signed with anything else`(text: String) {
        #expect(HookSecret(text) == nil)
    }
}
