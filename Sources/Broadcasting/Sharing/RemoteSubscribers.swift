import HashTreeCollections

/// The subscribers of other nodes, as these last told. Under the hub's lock.
struct RemoteSubscribers {
    /// What is known of one node.
    private typealias Counts = TreeDictionary<TopicSubject, Int>

    private var nodes: [String: Counts] = [:]
    /// What is over, and has yet to be subtracted.
    private var forgotten: [Counts] = []
    private var channels: TreeDictionary<ChannelName, Int> = [:]
    private var patterns: TreeDictionary<ChannelPattern, (index: Int, subscribers: Int)> = [:]
    private var tree = PatternTree()
    private var subscribersOfPatterns: [Int: Int] = [:]
    private var nextIndex = 0
    /// Over all nodes and topics.
    private(set) var total = 0
    /// How many of the topics are daemons' own channels, or patterns of them.
    private var ownTopics = 0

    /// Whether anybody watches a channel of the daemons' own.
    var hasWatchers: Bool { ownTopics > 0 }

    /// Whether anybody subscribes to a channel by its name.
    func hasSubscribers(_ name: ChannelName) -> Bool { channels[name] != nil }

    /// The subscribers of a channel by its name.
    func named(_ name: ChannelName) -> Int { channels[name] ?? 0 }

    /// The subscribers of a channel, by its name and by patterns.
    func count(_ name: ChannelName) -> Int {
        guard !subscribersOfPatterns.isEmpty else { return named(name) }
        return tree.patterns(matching: name).reduce(named(name)) { $0 + (subscribersOfPatterns[$1.index] ?? 0) }
    }

    /// Takes what a node tells.
    mutating func apply(_ report: SubscriberReport, from node: String) {
        if report.isFirst { forget(node) }
        for (subject, count) in report.counts { set(subject, count, of: node) }
    }

    /// Forgets a node that is gone. Call ``forgetSome()`` afterwards.
    mutating func forget(_ node: String) {
        if let counts = nodes.removeValue(forKey: node) { forgotten.append(counts) }
    }

    /// How many subjects one hold of the lock forgets.
    private static let forgottenAtOnce = 512

    /// Subtracts some of what is over.
    ///
    /// - Returns: whether there is more.
    mutating func forgetSome() -> Bool {
        guard var counts = forgotten.popLast() else { return false }
        for (subject, count) in counts.prefix(Self.forgottenAtOnce) {
            counts[subject] = nil
            add(-count, to: subject)
        }
        if !counts.isEmpty { forgotten.append(counts) }
        return !forgotten.isEmpty
    }

    /// Forgets all nodes but some.
    mutating func keep(_ living: Set<String>) {
        for node in Array(nodes.keys) where !living.contains(node) { forget(node) }
    }

    private mutating func set(_ subject: TopicSubject, _ count: Int, of node: String) {
        let old = nodes[node]?[subject] ?? 0
        nodes[node, default: [:]][subject] = count > 0 ? count : nil
        add(count - old, to: subject)
    }

    private mutating func add(_ change: Int, to subject: TopicSubject) {
        total += change
        switch subject {
        case .channel(let name):
            let count = (channels[name] ?? 0) + change
            if name.isReserved { ownTopics += (count > 0 ? 1 : 0) - (channels[name] == nil ? 0 : 1) }
            channels[name] = count > 0 ? count : nil
        case .pattern(let pattern):
            let index: Int
            if let known = patterns[pattern] {
                index = known.index
            } else {
                index = nextIndex
                nextIndex += 1
                tree.insert(TopicID(index: index), at: pattern.description)
            }
            let count = (patterns[pattern]?.subscribers ?? 0) + change
            if pattern.isReserved { ownTopics += (count > 0 ? 1 : 0) - (patterns[pattern] == nil ? 0 : 1) }
            patterns[pattern] = count > 0 ? (index, count) : nil
            subscribersOfPatterns[index] = count > 0 ? count : nil
            if count <= 0 { tree.remove(pattern.description) }
        }
    }
}
