/// The channels, sorted by name, segment by segment: `a`, `a/b`, `a/c`, `a-b`. Every operation takes a bounded number of
/// steps, and a channel costs one reference.
struct OrderedChannels {
    /// Each is sorted and has 1 to ``blockLimit`` channels.
    private var blocks: [[Topic]] = []

    /// The most channels of a block. Adding one moves at most as many references, and for each block one more.
    private static let blockLimit = 512

    /// A place in the list.
    private struct Position {
        var block: Int
        var offset: Int
    }

    mutating func insert(_ channel: Topic) {
        guard let name = channel.name else { return }
        guard !blocks.isEmpty else { return blocks.append([channel]) }
        var place = position(notBefore: Array(name.description.utf8))
        if place.offset == 0, place.block > 0 {
            place = Position(block: place.block - 1, offset: blocks[place.block - 1].count)
        }
        blocks[place.block].insert(channel, at: place.offset)
        guard blocks[place.block].count > Self.blockLimit else { return }
        let half = Array(blocks[place.block][(Self.blockLimit / 2)...])
        blocks[place.block].removeLast(half.count)
        blocks.insert(half, at: place.block + 1)
    }

    mutating func remove(_ channel: Topic) {
        guard let name = channel.name else { return }
        let place = position(notBefore: Array(name.description.utf8))
        guard place.block < blocks.count, blocks[place.block][place.offset] === channel else { return }
        blocks[place.block].remove(at: place.offset)
        let left = blocks[place.block].count
        if left == 0 {
            blocks.remove(at: place.block)
        } else if left < Self.blockLimit / 4, place.block + 1 < blocks.count,
            left + blocks[place.block + 1].count <= Self.blockLimit / 2
        {
            blocks[place.block] += blocks.remove(at: place.block + 1)
        }
    }

    /// Up to `count` channels that follow a name; nil starts with the first.
    func channels(after name: String?, count: Int) -> [Topic] {
        var found: [Topic] = []
        var place = Position(block: 0, offset: 0)
        if let name {
            place = position(notBefore: Array(name.utf8))
            if let topic = topic(at: place), topic.name?.description == name { advance(&place) }
        }
        while found.count < count, let topic = topic(at: place) {
            found.append(topic)
            advance(&place)
        }
        return found
    }

    /// What a search in the list counts as, in steps.
    private static let searchSteps = 4

    /// The channels that a pattern matches; nil when it takes more steps than are left to find them.
    ///
    /// - Parameter steps: what may still be looked at. It subtracts what it has looked at.
    func channels(matching pattern: ChannelPattern, _ steps: inout Int) -> [Topic]? {
        let scan = PatternScan(pattern)
        var found: [Topic] = []
        var place = position(notBefore: scan.start)
        steps -= Self.searchSteps
        while let topic = topic(at: place), let name = topic.name {
            steps -= 1
            guard steps >= 0 else { return nil }
            switch scan.verdict(name.description.utf8.span) {
            case .match:
                found.append(topic)
                advance(&place)
            case .next: advance(&place)
            case .seek(let key):
                place = position(notBefore: key)
                steps -= Self.searchSteps
            case .done: return found
            }
        }
        return found
    }

    // MARK: Places

    private func topic(at place: Position) -> Topic? {
        place.block < blocks.count ? blocks[place.block][place.offset] : nil
    }

    private func advance(_ place: inout Position) {
        place.offset += 1
        if place.offset == blocks[place.block].count { place = Position(block: place.block + 1, offset: 0) }
    }

    /// The first place whose name does not sort before a key.
    private func position(notBefore key: [UInt8]) -> Position {
        var (low, high) = (0, blocks.count)
        while low < high {
            let middle = (low + high) / 2
            if Self.isBefore(blocks[middle][blocks[middle].count - 1], key) { low = middle + 1 } else { high = middle }
        }
        guard low < blocks.count else { return Position(block: low, offset: 0) }
        let block = low
        (low, high) = (0, blocks[block].count - 1)
        while low < high {
            let middle = (low + high) / 2
            if Self.isBefore(blocks[block][middle], key) { low = middle + 1 } else { high = middle }
        }
        return Position(block: block, offset: low)
    }

    private static func isBefore(_ channel: Topic, _ key: [UInt8]) -> Bool {
        guard let name = channel.name?.description else { return false }
        let bytes = name.utf8.span
        for index in 0..<min(bytes.count, key.count) where bytes[index] != key[index] {
            return rank(bytes[index]) < rank(key[index])
        }
        return bytes.count < key.count
    }

    private static func rank(_ byte: UInt8) -> UInt8 { byte == UInt8(ascii: "/") ? 0 : byte }
}
