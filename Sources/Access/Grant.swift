public import Broadcasting

/// What a caller may do, and for how long.
public final class Grant: Sendable {
    /// The name of the caller, for logs and limits; empty without one. Two callers with the same name share their limits.
    public let name: String
    /// The rights.
    public let rights: Rights
    /// Milliseconds since 1970 at which it ends; nil when it does not end by itself.
    public let expiry: UInt64?
    /// The rules that it comes from, one at least.
    public let rules: [AccessRule]
    private let subscribing: PatternMatcher
    private let publishing: PatternMatcher

    /// A grant by one rule.
    public convenience init(name: String, _ rights: Rights, expiry: UInt64? = nil, by rule: AccessRule) {
        self.init(name: name, rights, expiry: expiry, by: [rule])
    }

    /// A grant by several rules, one at least, as long as all of them are in force.
    public init(name: String, _ rights: Rights, expiry: UInt64?, by rules: [AccessRule]) {
        self.name = name
        self.rights = rights
        self.expiry = expiry
        self.rules = rules
        subscribing = PatternMatcher(rights.subscribe)
        publishing = PatternMatcher(rights.publish)
    }

    /// The grant with the rights of another one too, as long as both are in force.
    public func adding(_ other: Grant) -> Grant {
        Grant(name: name, rights.adding(other.rights), expiry: expiry, by: rules + other.rules)
    }

    /// Whether a rule that it comes from is no longer in force.
    public var isRevoked: Bool { rules.contains { $0.isRevoked } }

    /// Whether it is over at a time, in milliseconds since 1970.
    public func isOver(at now: UInt64) -> Bool { isRevoked || expiry.map { now >= $0 } ?? false }

    /// Whether the caller may subscribe to a channel.
    public func maySubscribe(to name: ChannelName) -> Bool {
        subscribing.matches(name) || (name.isReserved && rights.isAdmin)
    }

    /// Whether the caller may subscribe to everything that a pattern matches, as far as it names that.
    public func maySubscribe(to pattern: ChannelPattern) -> Bool {
        rights.subscribe.contains { $0.covers(pattern) } || (pattern.isReserved && rights.isAdmin)
    }

    /// Whether the caller may publish to a channel.
    public func mayPublish(to name: ChannelName) -> Bool { publishing.matches(name) }

    /// The patterns for what the caller may read of a pattern: together they match the channels that both the pattern and
    /// the grant cover. None matches only what another one matches.
    ///
    /// - Parameter limit: the most segments; see ``Broadcasting/NameLimits``.
    public func readable(_ pattern: ChannelPattern, segments limit: Int) -> [ChannelPattern] {
        if maySubscribe(to: pattern) { return [pattern] }
        var readable: [ChannelPattern] = []
        for granted in rights.subscribe {
            guard let part = granted.intersection(pattern, segments: limit),
                !readable.contains(where: { $0.covers(part) })
            else { continue }
            readable.removeAll { part.covers($0) }
            readable.append(part)
        }
        return readable
    }
}
