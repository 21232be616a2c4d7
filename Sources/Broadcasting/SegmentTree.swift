/// One segment of a name or a pattern. Equal are those of the same bytes.
struct Segment: Hashable {
    let text: Substring

    static let any = Segment(text: "*")
    static let tail = Segment(text: "**")

    static func == (left: Segment, right: Segment) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { bytes in unsafe hasher.combine(bytes: UnsafeRawBufferPointer(bytes)) }
    }

    /// Whether it begins a name of the daemon's own, which no asterisk stands for.
    var isReserved: Bool { text.utf8.first == UInt8(ascii: "$") }

    static func split(_ text: String) -> [Segment] { text.split(separator: "/").map(Segment.init) }
}

/// Topics by the segments of their names, or of their patterns: an asterisk is a segment like any other here, since no
/// name has one.
struct SegmentTree {
    private final class Node {
        var topic: TopicID?
        var children: [Segment: Node] = [:]
    }

    private let root = Node()
    private(set) var count = 0

    mutating func insert(_ topic: TopicID, at text: String) {
        var node = root
        for segment in Segment.split(text) {
            if let child = node.children[segment] {
                node = child
            } else {
                let child = Node()
                node.children[segment] = child
                node = child
            }
        }
        node.topic = topic
        count += 1
    }

    mutating func remove(_ text: String) {
        var path: [(Node, Segment)] = []
        var node = root
        for segment in Segment.split(text) {
            guard let child = node.children[segment] else { return }
            path.append((node, segment))
            node = child
        }
        guard node.topic != nil else { return }
        node.topic = nil
        count -= 1
        for (parent, segment) in path.reversed() {
            guard let child = parent.children[segment], child.topic == nil, child.children.isEmpty else { return }
            parent.children[segment] = nil
        }
    }

    /// The patterns in the tree that match a name.
    func patterns(matching name: ChannelName) -> [TopicID] {
        var found: [TopicID] = []
        let segments = Segment.split(name.description)
        func walk(_ node: Node, _ index: Int) {
            guard index < segments.count else {
                if let topic = node.topic { found.append(topic) }
                return
            }
            if let child = node.children[segments[index]] { walk(child, index + 1) }
            if index == 0, segments[0].isReserved { return }
            if let child = node.children[.any] { walk(child, index + 1) }
            if let topic = node.children[.tail]?.topic { found.append(topic) }
        }
        walk(root, 0)
        return found
    }

    /// The names in the tree that a pattern matches.
    func names(matching pattern: ChannelPattern) -> [TopicID] {
        var found: [TopicID] = []
        let segments = Segment.split(pattern.description)
        func collect(_ node: Node) {
            if let topic = node.topic { found.append(topic) }
            for child in node.children.values { collect(child) }
        }
        func walk(_ node: Node, _ index: Int) {
            guard index < segments.count else {
                if let topic = node.topic { found.append(topic) }
                return
            }
            guard segments[index] == .any || segments[index] == .tail else {
                if let child = node.children[segments[index]] { walk(child, index + 1) }
                return
            }
            for (segment, child) in node.children where index > 0 || !segment.isReserved {
                if segments[index] == .tail { collect(child) } else { walk(child, index + 1) }
            }
        }
        walk(root, 0)
        return found
    }
}
