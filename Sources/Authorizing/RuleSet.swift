import Access

/// Collects the rules of a new configuration. A rule that says the same as one before stays the same object, so that its
/// grants stay too.
struct RuleSet {
    private let before: [[UInt8]: AccessRule]
    private(set) var rules: [[UInt8]: AccessRule] = [:]

    init(replacing before: [[UInt8]: AccessRule] = [:]) {
        self.before = before
    }

    /// The rule with a fingerprint.
    mutating func rule(_ fingerprint: [UInt8]) -> AccessRule {
        let rule = rules[fingerprint] ?? before[fingerprint] ?? AccessRule(fingerprint: fingerprint)
        rules[fingerprint] = rule
        return rule
    }

    /// Ends the rules before that are not among the new ones.
    ///
    /// - Parameter awaited: rules that may still come.
    /// - Returns: whether there was one.
    func revokeOthers(but awaited: [[UInt8]: AccessRule]) -> Bool {
        let others = before.filter { rules[$0.key] == nil && awaited[$0.key] == nil }
        for rule in others.values { rule.revoke() }
        return !others.isEmpty
    }
}
