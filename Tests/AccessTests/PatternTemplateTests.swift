import Access
import Broadcasting
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `Patterns with claims` {
    private func pattern(_ template: String, sub: String?) -> String? {
        PatternTemplate(template).pattern { $0 == "sub" ? sub : nil }?.description
    }

    @Test func `the text of a claim becomes a part of a segment`() {
        #expect(pattern("users/{sub}/**", sub: "joe") == "users/joe/**")
        #expect(pattern("users/u-{sub}", sub: "7") == "users/u-7")
        #expect(pattern("all/**", sub: nil) == "all/**")
    }

    @Test(arguments: ["*", "**", "a/b", "a*", "", "$crier", "\u{7}", "/", nil])
    func `a claim grants no other channels than the template means`(_ sub: String?) {
        #expect(pattern("users/{sub}", sub: sub) == nil)
        #expect(pattern("{sub}/x", sub: sub) == nil)
    }

    @Test(arguments: ["a/{", "a/}", "a/{}", "a*/{sub}", "", "**/{sub}"])
    func `a template that can be no pattern is not valid`(_ template: String) {
        #expect(!PatternTemplate(template).isValid)
    }
}
