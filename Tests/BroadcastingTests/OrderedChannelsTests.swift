import SeededRandom
import Testing

@testable import Broadcasting

@Suite("The list of channels") struct OrderedChannelsTests {
    /// Channels in a list, and the same in a dictionary to compare with.
    private struct Fixture {
        var list = OrderedChannels()
        var model: [String: Topic] = [:]

        mutating func add(_ name: String) throws {
            guard model[name] == nil else { return }
            let id = TopicID(index: model.count)
            let topic = Topic(id, .channel(try ChannelName(name)), HistoryPolicy(), removedThrough: 0)
            model[name] = topic
            list.insert(topic)
        }

        mutating func remove(_ name: String) {
            if let topic = model.removeValue(forKey: name) { list.remove(topic) }
        }

        /// The names as the list must have them: a slash comes before every other byte.
        var sorted: [String] {
            model.keys.sorted { left, right in
                left.utf8.map { $0 == UInt8(ascii: "/") ? 0 : $0 }.lexicographicallyPrecedes(
                    right.utf8.map { $0 == UInt8(ascii: "/") ? 0 : $0 })
            }
        }

        func matching(_ pattern: String, steps: Int = 1 << 20) throws -> [String]? {
            var steps = steps
            return list.channels(matching: try ChannelPattern(pattern), &steps)?.compactMap { $0.name?.description }
        }
    }

    @Test func `is sorted segment by segment, whatever is added and removed`() throws {
        var generator = SplitMix(state: 7)
        var fixture = Fixture()
        let segments = ["a", "b", "a-b", "a!", "é", "$x", "zz", "0"]
        for step in 0..<5000 {
            let name = (0..<Int.random(in: 1...5, using: &generator))
                .map { _ in segments.randomElement(using: &generator)! }.joined(separator: "/")
            // More and more channels at first, fewer and fewer then.
            if Int.random(in: 0..<10, using: &generator) < (step < 3000 ? 8 : 1) {
                try fixture.add(name)
            } else if step < 3000 {
                fixture.remove(name)
            } else if fixture.model.count > 200, let any = fixture.model.keys.first {
                fixture.remove(any)
            }
        }
        let sorted = fixture.sorted
        #expect(sorted.count > 50)
        let all = fixture.list.channels(after: nil, count: .max).compactMap { $0.name?.description }
        #expect(all == sorted)
        for (index, name) in sorted.enumerated() {
            let next = fixture.list.channels(after: name, count: 2).compactMap { $0.name?.description }
            #expect(next == Array(sorted[(index + 1)...].prefix(2)))
        }
        for pattern in [
            "*", "**", "a/*", "a/**", "*/b", "a/*/b", "*/*/**", "$x/**", "$x/*", "a/b/a-b", "zz/*/*/0", "nothing/**",
            "*/a!/**",
        ] {
            let matching = try ChannelPattern(pattern)
            let expected = try sorted.filter { matching.matches(try ChannelName($0)) }
            #expect(try fixture.matching(pattern) == expected, "\(pattern)")
        }
        for name in sorted { fixture.remove(name) }
        #expect(fixture.list.channels(after: nil, count: 1).isEmpty)
    }

    @Test func `takes few steps to find few channels among many`() throws {
        var fixture = Fixture()
        for index in 0..<5000 { try fixture.add("devices/\(index)/temperature") }
        try fixture.add("devices/4000/pressure")
        try fixture.add("news/eu")
        #expect(try fixture.matching("news/*", steps: 10) == ["news/eu"])
        #expect(try fixture.matching("devices/4000/*", steps: 20)?.count == 2)
        #expect(try fixture.matching("*/eu", steps: 30) == ["news/eu"])
        #expect(try fixture.matching("devices/*/pressure", steps: 1000) == nil, "it looks at each device")
        #expect(try fixture.matching("devices/*/pressure") == ["devices/4000/pressure"])
    }
}
