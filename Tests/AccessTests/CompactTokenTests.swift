import Access
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `The framing of a token` {
    private func fault(_ text: String) -> TokenFault? {
        do throws(TokenFault) { _ = try CompactToken(Array(text.utf8)) } catch { return error }
        return nil
    }

    @Test func `the three parts are decoded, and the signed bytes are those that came`() throws {
        let token = try CompactToken(Array("e30.W10.AQ".utf8))
        #expect(token.header == Array("{}".utf8))
        #expect(token.payload == Array("[]".utf8))
        #expect(token.signature == [1])
        #expect(Array(token.signed) == Array("e30.W10".utf8))
    }

    @Test(arguments: [
        "", ".", "..", "e30", "e30.W10", "e30.W10.AQ.AQ", ".W10.AQ", "e30..AQ", "e30.W10.A", "e30.W10.AQ==",
        "e30.W 0.AQ",
    ])
    func `anything but three parts of Base64url is no token`(_ text: String) {
        #expect(fault(text) == .unknown)
    }

    @Test func `an empty signature is a signature, which no key has made`() {
        #expect(fault("e30.W10.") == nil)
    }

    @Test func `a token of more than 16 KiB is refused unread`() {
        #expect(fault(String(repeating: "A", count: CompactToken.limit + 1)) == .tooLong)
    }
}
