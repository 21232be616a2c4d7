import Broadcasting

/// A name is a name of its own, a pattern matches what a plain matcher matches, and the sets of patterns agree with it.
/// Two patterns and a name stand on lines of the input.
enum Names {
    static func run(_ bytes: [UInt8]) {
        let lines = bytes.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false)
        guard let name = try? ChannelName(utf8: lines[0], segments: 16) else { return }
        require(name.description.utf8.elementsEqual(lines[0]), "another name")
        require(!lines[0].contains { $0 < 0x20 || $0 == 0x2A || $0 == 0x7F }, "a control character or an asterisk")
        require((try? ChannelPattern(name.description))?.matches(name) == true, "a name does not match itself")
        let patterns = lines.dropFirst().compactMap { line in
            String(validating: line, as: UTF8.self).flatMap { try? ChannelPattern($0, segments: 16) }
        }
        for pattern in patterns {
            require(pattern.matches(name) == matches(pattern, name), "\(pattern) and \(name)")
            require(pattern.covers(pattern), "\(pattern) does not cover itself")
        }
        guard patterns.count == 2 else { return }
        let (one, another) = (patterns[0], patterns[1])
        let common = one.intersection(another)
        let both = one.matches(name) && another.matches(name)
        require(
            common?.matches(name) ?? false == both, "\(one) and \(another) for \(name): \(String(describing: common))")
        if one.covers(another), another.matches(name) {
            require(one.matches(name), "\(one) covers \(another), not \(name)")
        }
        if let common { require(one.covers(common) && another.covers(common), "\(one), \(another): \(common)") }
    }

    private static func matches(_ pattern: ChannelPattern, _ name: ChannelName) -> Bool {
        let slash = UInt8(ascii: "/")
        let wanted = pattern.description.utf8.split(separator: slash).map(Array.init)
        let segments = name.description.utf8.split(separator: slash).map(Array.init)
        let (any, tail) = (Array("*".utf8), Array("**".utf8))
        for (index, part) in wanted.enumerated() {
            guard index < segments.count else { return false }
            if part == any || part == tail {
                if index == 0, segments[0].first == UInt8(ascii: "$") { return false }
                if part == tail { return true }
            } else if part != segments[index] {
                return false
            }
        }
        return wanted.count == segments.count
    }
}
