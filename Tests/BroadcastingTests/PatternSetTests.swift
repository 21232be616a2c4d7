import Broadcasting
import SeededRandom
import Testing
import TimeLimits

@Suite(.endsInTime()) struct `Patterns as sets of names` {
    private static let names: [ChannelName] = {
        var names: [String] = []
        let segments = ["a", "b", "$c"]
        for one in segments {
            names.append(one)
            for two in segments {
                names.append("\(one)/\(two)")
                for three in segments {
                    names.append("\(one)/\(two)/\(three)")
                    names += segments.map { "\(one)/\(two)/\(three)/\($0)" }
                }
            }
        }
        return names.compactMap { try? ChannelName($0) }
    }()

    private static func randomPattern(_ random: inout SplitMix) -> ChannelPattern {
        let count = Int.random(in: 1...4, using: &random)
        var segments = (0..<count).map { _ in ["a", "b", "$c", "*", "*"].randomElement(using: &random)! }
        if Bool.random(using: &random) { segments[count - 1] = "**" }
        return try! ChannelPattern(segments.joined(separator: "/"))
    }

    @Test func `an intersection matches exactly the names that both patterns match`() {
        var random = SplitMix(state: 7)
        for _ in 0..<3000 {
            let (one, another) = (Self.randomPattern(&random), Self.randomPattern(&random))
            let common = one.intersection(another)
            for name in Self.names {
                #expect(
                    common?.matches(name) ?? false == (one.matches(name) && another.matches(name)),
                    "\(one) and \(another): \(name)")
            }
        }
    }

    @Test func `a pattern covers another one only when it matches every name of it`() {
        var random = SplitMix(state: 8)
        for _ in 0..<3000 {
            let (one, another) = (Self.randomPattern(&random), Self.randomPattern(&random))
            guard one.covers(another) else { continue }
            for name in Self.names where another.matches(name) {
                #expect(one.matches(name), "\(one) covers \(another): \(name)")
            }
        }
    }

    @Test func `the patterns of everyday grants cover what they seem to`() throws {
        func covers(_ one: String, _ another: String) throws -> Bool {
            try ChannelPattern(one).covers(try ChannelPattern(another))
        }
        #expect(try covers("**", "news/**"))
        #expect(try covers("news/**", "news/eu/*"))
        #expect(try covers("news/*", "news/eu"))
        #expect(try !covers("news/*", "news/**"))
        #expect(try !covers("news/**", "news"))
        #expect(try !covers("**", "$crier/**"))
    }
}
