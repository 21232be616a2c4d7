import Access
import SeededRandom
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `Base64url` {
    @Test func `bytes come back as they were`() {
        var random = SplitMix(state: 1)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(Base64URL.decode(Array(Base64URL.encode(bytes).utf8)[...]) == bytes)
        }
    }

    @Test(arguments: ["QQ==", "QQ=", "QR", "Q", "Q Q", "QQ\n", "+/", "QUE+", "é"])
    func `each byte string has one encoding only`(_ text: String) {
        #expect(Base64URL.decode(Array(text.utf8)[...]) == nil)
    }
}
