// A pattern as the set of the names that it matches.
extension ChannelPattern {
    /// Whether the pattern matches every name that another one matches.
    public func covers(_ other: ChannelPattern) -> Bool {
        let (mine, theirs) = (Segment.split(description), Segment.split(other.description))
        for (index, segment) in mine.enumerated() {
            guard index < theirs.count else { return false }
            // No asterisk matches a first segment that is the daemon's own.
            let isReserved = index == 0 && theirs[0].isReserved
            switch segment {
            case .tail: return !isReserved
            case .any where theirs[index] == .tail || isReserved: return false
            case .any: continue
            default: guard segment == theirs[index] else { return false }
            }
        }
        return mine.count == theirs.count
    }

    /// The pattern that matches the names that both match; nil when there is no such name.
    ///
    /// - Parameter limit: the most segments; see ``NameLimits``. No name has more.
    public func intersection(_ other: ChannelPattern, segments limit: Int = .max) -> ChannelPattern? {
        let (mine, theirs) = (Segment.split(description), Segment.split(other.description))
        var common: [Segment] = []
        for index in 0..<max(mine.count, theirs.count) {
            guard index < mine.count, index < theirs.count else { return nil }
            if mine[index] == .tail {
                common += theirs[index...]
                break
            }
            if theirs[index] == .tail {
                common += mine[index...]
                break
            }
            switch (mine[index], theirs[index]) {
            case (.any, let segment), (let segment, .any): common.append(segment)
            case (let one, let another):
                guard one == another else { return nil }
                common.append(one)
            }
        }
        let hasAsterisk = [mine[0], theirs[0]].contains { $0 == .any || $0 == .tail }
        if common[0].isReserved, hasAsterisk { return nil }
        // Longer than a name may be: then there is none.
        return try? ChannelPattern(common.map { String($0.text) }.joined(separator: "/"), segments: limit)
    }
}
