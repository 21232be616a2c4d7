/// Finds topics by the segments of their names or of their patterns. In the tree an asterisk is a segment like any
/// other, since no channel name contains one.
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

    /// The patterns in the tree that match a channel name.
    func patterns(matching name: ChannelName) -> [TopicID] {
        var found: [TopicID] = []
        let segments = Segment.split(name.description)
        func descend(_ node: Node, _ index: Int) {
            guard index < segments.count else {
                if let topic = node.topic { found.append(topic) }
                return
            }
            if let child = node.children[segments[index]] { descend(child, index + 1) }
            if index == 0, segments[0].isReserved { return }
            if let child = node.children[.any] { descend(child, index + 1) }
            if let topic = node.children[.tail]?.topic { found.append(topic) }
        }
        descend(root, 0)
        return found
    }

    /// The channel names in the tree that a pattern matches; nil when the walk needs more steps than are left.
    ///
    /// - Parameter steps: nodes that the walk may still visit. It subtracts those that it visits.
    func names(matching pattern: ChannelPattern, _ steps: inout Int) -> [TopicID]? {
        var found: [TopicID] = []
        let segments = Segment.split(pattern.description)
        func collect(_ node: Node) {
            steps -= 1
            guard steps >= 0 else { return }
            if let topic = node.topic { found.append(topic) }
            for child in node.children.values where steps >= 0 { collect(child) }
        }
        func descend(_ node: Node, _ index: Int) {
            steps -= 1
            guard steps >= 0 else { return }
            guard index < segments.count else {
                if let topic = node.topic { found.append(topic) }
                return
            }
            guard segments[index] == .any || segments[index] == .tail else {
                if let child = node.children[segments[index]] { descend(child, index + 1) }
                return
            }
            for (segment, child) in node.children where steps >= 0 && (index > 0 || !segment.isReserved) {
                if segments[index] == .tail { collect(child) } else { descend(child, index + 1) }
            }
        }
        descend(root, 0)
        return steps >= 0 ? found : nil
    }
}
