import Testing
import TimeLimits

@testable import Benchmarking

@Suite(.endsInTime()) struct `A template` {
    @Test(arguments: [
        ("", ""), ("{a}", "1"), ("x{a}y{b}{a}", "x1y{a}1"), ("{\"data\":\"{a}\"}", "{\"data\":\"1\"}"),
        ("{c}", "{c}"), ("{", "{"), ("}{", "}{"), ("{a", "{a"), ("{{a}}", "{1}"), ("{}", "{}"), ("{ a}{a}", "{ a}1"),
        ("{a}\n{\"b\":{b}}\n", "1\n{\"b\":{a}}\n"), ("é{a}é", "é1é"),
    ])
    func `replaces known names by their values, once, and keeps the rest`(
        _ text: String, _ expected: String
    ) {
        #expect(Template.fill(text, ["a": "1", "b": "{a}"]) == expected)
    }
}
