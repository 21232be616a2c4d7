import Glibc
import SeededRandom
import JSON
import Subprocess
import SystemPackage
import Testing
import TimeLimits

@testable import Envelopes

@Suite(.endsInTime()) struct `Compared with Python's, the JSON scanner` {
    /// Reads texts, one per line in hexadecimal, and prints for each whether it is JSON by the standard.
    private static let judge = """
        import json, sys
        def refuse(name): raise ValueError(name)
        for line in sys.stdin:
            try:
                text = bytes.fromhex(line).decode('utf-8')
                json.loads(text, parse_constant=refuse)
                print('yes')
            except (ValueError, RecursionError):
                print('no')
        """

    /// JSON texts, and texts with a few changes.
    private static func texts() -> [String] {
        var generator = SplitMix(state: 7)
        let seeds = [
            #"{"a":[1,-2.5e+3,true,false,null,"x\n\u00e9\ud83d\ude00"],"b":{}}"#, #"[[],[[1]],{"k":"v"}]"#, "0",
            "-0.1E-7", #""""#,
            #"" \\\" ""#, "[1 , 2\t,\r\n3]", #"{"a":{"b":{"c":[0]}}}"#,
        ]
        let spare = Array(#"{}[],:"\u0123456789eE+-.truefalsn d8"#) + ["\u{1}", "é"]
        return seeds
            + (0..<3000).map { _ in
                var text = Array(seeds.randomElement(using: &generator)!)
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    let place = Int.random(in: 0..<text.count, using: &generator)
                    switch Int.random(in: 0..<3, using: &generator) {
                    case 0 where text.count > 1: text.remove(at: place)
                    case 1: text.insert(spare.randomElement(using: &generator)!, at: place)
                    default: text[place] = spare.randomElement(using: &generator)!
                    }
                }
                return String(text)
            }
    }

    private static func isJSON(_ text: String) -> Bool {
        var scanner = JSONScanner(Array(text.utf8))
        do throws(InvalidJSON) {
            _ = try scanner.value()
            try scanner.expectEnd()
            return true
        } catch {
            return false
        }
    }

    @Test func `accepts the same texts, except half of a surrogate pair`() async throws {
        let python = try #require(
            unsafe getenv("TEST_PYTHON").map { unsafe String(cString: $0) }, "TEST_PYTHON names a Python; see make unit"
        )
        let texts = Self.texts()
        let input = texts.map { text in
            text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\n"
        }.joined()
        let result = try await run(
            .path(FilePath(python)), arguments: ["-c", Self.judge], input: .string(input),
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 16))
        let verdicts = result.standardOutput.split(separator: "\n").map { $0 == "yes" }
        try #require(verdicts.count == texts.count, "\(result.standardError)")
        var taken = 0
        for (text, verdict) in zip(texts, verdicts) {
            // Python accepts half of a surrogate pair, which UTF-8 cannot represent.
            let isHalf = text.lowercased().contains(#"\ud"#) && verdict && !Self.isJSON(text)
            #expect(Self.isJSON(text) == verdict || isHalf, "\(text)")
            if verdict { taken += 1 }
        }
        #expect(taken > 100 && taken < texts.count - 100)
    }
}
