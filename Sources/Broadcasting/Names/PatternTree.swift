import HashTreeCollections

/// Finds the patterns that match a channel name. In the tree an asterisk is a segment like any other, since no channel
/// name contains one.
struct PatternTree {
    private final class Node {
        var topic: TopicID?
        var children: TreeDictionary<Segment, Node> = [:]
    }

    private let root = Node()

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
}
