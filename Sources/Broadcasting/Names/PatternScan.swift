/// Finds the names that a pattern matches in a list of names that is sorted segment by segment, and leaves out the
/// stretches of the list in which no name can match.
///
/// In such a list a slash comes before every other byte, so that `a/b` and all of `a/b/…` stand together. A position in
/// the list is any byte string, a name or not.
struct PatternScan {
    /// What to do after a look at one name.
    enum Verdict: Equatable {
        /// The pattern matches the name. Go on with the next name.
        case match
        /// Go on with the next name.
        case next
        /// Go on with the first name that is not before this position.
        case seek([UInt8])
        /// No further name matches.
        case done
    }

    private enum Part {
        case literal([UInt8])
        case any
        case tail
    }

    private let parts: [Part]

    init(_ pattern: ChannelPattern) {
        parts = Segment.split(pattern.description).map { segment in
            switch segment {
            case .any: .any
            case .tail: .tail
            default: .literal(Array(segment.text.utf8))
            }
        }
    }

    /// Where the search begins.
    var start: [UInt8] { if case .literal(let text) = parts[0] { text } else { [] } }

    /// Sorts after a name and all that lies below it, but before the next name: no name contains this byte.
    private static let afterAllBelow: UInt8 = 1

    func verdict(_ name: borrowing Span<UInt8>) -> Verdict {
        var start = 0
        for (index, part) in parts.enumerated() {
            guard start <= name.count else {
                guard case .literal(let text) = part else { return .next }
                return .seek(Self.prefix(name, name.count) + [UInt8(ascii: "/")] + text)
            }
            var end = start
            while end < name.count, name[end] != UInt8(ascii: "/") { end += 1 }
            switch part {
            case .any, .tail:
                // The names that start with `$` are the daemon's own.
                if index == 0, name[0] == UInt8(ascii: "$") { return .seek([UInt8(ascii: "$") + 1]) }
                if case .tail = part { return .match }
            case .literal(let text):
                switch Self.order(name, start..<end, text) {
                case 0: break
                case ..<0: return .seek(Self.prefix(name, start) + text)
                default: return index == 0 ? .done : .seek(Self.prefix(name, start - 1) + [Self.afterAllBelow])
                }
            }
            start = end + 1
        }
        return start > name.count ? .match : .seek(Self.prefix(name, start - 1) + [Self.afterAllBelow])
    }

    /// Whether the pattern matches a name.
    func matches(_ name: borrowing Span<UInt8>) -> Bool {
        var start = 0
        for (index, part) in parts.enumerated() {
            guard start <= name.count else { return false }
            if index == 0, name[0] == UInt8(ascii: "$") {
                guard case .literal = part else { return false }
            }
            switch part {
            case .tail: return true
            case .literal(let text):
                let end = start + text.count
                guard end == name.count || (end < name.count && name[end] == UInt8(ascii: "/")) else { return false }
                for offset in text.indices where name[start + offset] != text[offset] { return false }
                start = end + 1
            case .any:
                while start < name.count, name[start] != UInt8(ascii: "/") { start += 1 }
                start += 1
            }
        }
        return start > name.count
    }

    private static func prefix(_ name: borrowing Span<UInt8>, _ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 1)
        for index in 0..<count { bytes.append(name[index]) }
        return bytes
    }

    private static func order(_ name: borrowing Span<UInt8>, _ range: Range<Int>, _ text: [UInt8]) -> Int {
        for index in 0..<min(range.count, text.count) where name[range.lowerBound + index] != text[index] {
            return Int(name[range.lowerBound + index]) - Int(text[index])
        }
        return range.count - text.count
    }
}
