/// A channel, or all channels of a pattern: clients subscribe to topics. Only code under the hub's lock may use it.
final class Topic {
    /// Whether clients can publish and subscribe.
    enum Status {
        case open
        /// A publisher ended it at this time, in milliseconds since 1970; the end has this number in the log. A client
        /// that subscribes gets 204 until someone publishes to it again.
        case ended(at: UInt64, number: UInt64)
    }

    let id: TopicID
    let subject: TopicSubject
    /// The number of the topic, alone in a list: all of its events share it.
    let ids: [TopicID]
    /// The name of a channel, alone in a list, which all of its events share too; empty for a pattern.
    let names: [ChannelName]
    var limits: HistoryLimits
    var slow: SlowPolicy
    /// The version of the policy that the limits are from; see ``HubState/policyVersion``.
    private(set) var policyVersion = 0
    var log: ChannelLog
    var status = Status.open
    /// Its neighbours among the ended channels; nil when it is not one of them.
    var endLinks: EndedChannels.Links?
    /// Whether a new topic has the name, because someone published again after the end. This one remains for the
    /// subscribers that still have to get the end.
    var isReplaced = false
    /// Over all loops.
    var subscribers = 0 { didSet { group?.add(subscribers: subscribers - oldValue) } }
    /// The figures that it counts for; nil for most.
    private(set) var group: ChannelGroup?
    /// The loops that have subscribers of it: one bit each.
    var loops: UInt64 = 0
    /// Bytes still to be written to its subscribers; nil for a topic that never had any.
    var backlog: Backlog?
    /// The value of ``HubState/placements`` for the last event of several channels that lists it: an event that lists a
    /// channel twice reaches it once.
    var placement: UInt64 = 0
    /// The newest event that the hub has posted to it; see ``MailboxItem``.
    var postedThrough: UInt64 = 0
    /// Events and ends that the archive is still writing.
    var pendingWrites = 0
    /// The patterns that match it, as of a version of the registry's patterns.
    var matchingPatterns: (topics: [TopicID], version: Int) = ([], 0)
    /// Of a pattern: whether ``log`` has the evictions from before the pattern had subscribers.
    var hasRebuiltEvictions = false

    init(_ id: TopicID, _ subject: TopicSubject, _ policy: HistoryPolicy, removedThrough: UInt64) {
        self.id = id
        self.subject = subject
        ids = [id]
        names = if case .channel(let name) = subject { [name] } else { [] }
        (limits, slow) = (policy.standard, policy.slow)
        log = ChannelLog(removedThrough: removedThrough)
        apply(policy, version: 0)
    }

    /// Takes the limits that a policy sets for this topic.
    func apply(_ policy: HistoryPolicy, version: Int) {
        policyVersion = version
        let rule =
            switch subject {
            case .channel(let name): policy.rule(for: name)
            case .pattern(let pattern): policy.rule(for: pattern)
            }
        limits = rule?.limits ?? policy.standard
        slow = rule?.slow ?? policy.slow
        if group !== rule?.group { join(rule?.group) }
    }

    deinit { if group != nil { join(nil) } }

    /// Counts for another group from now on.
    private func join(_ new: ChannelGroup?) {
        for (group, sign) in [(group, -1), (new, 1)] {
            group?.add(subscribers: sign * subscribers, channels: isPattern ? 0 : sign)
        }
        group = new
    }

    /// Whether the hub can remove it.
    var isIdle: Bool {
        guard subscribers == 0, log.isEmpty, loops == 0, pendingWrites == 0 else { return false }
        return !isEnded || isReplaced
    }

    /// The number of the end in the log; nil while the channel is open.
    var endNumber: UInt64? {
        if case .ended(_, let number) = status { number } else { nil }
    }

    var isEnded: Bool {
        if case .ended = status { true } else { false }
    }

    /// Of a pattern: finds the names that it matches.
    private(set) lazy var scan: PatternScan? =
        if case .pattern(let pattern) = subject { PatternScan(pattern) } else { nil }

    /// The name of a channel; nil for a pattern.
    var name: ChannelName? {
        if case .channel(let name) = subject { name } else { nil }
    }

    var isPattern: Bool { name == nil }
}
