public import Broadcasting

/// A hook as the configuration states it.
public struct HookSettings: Sendable, Hashable {
    /// Where its messages go.
    public enum Target: Sendable, Hashable {
        /// A POST to this URL.
        case url(String)
        /// The standard input of this program, with these arguments.
        case command([String])
    }

    /// The most hooks: each has a thread and a queue.
    public static let limit = 16

    /// Where its messages go.
    public var target: Target
    /// The occurrences that it hears of.
    public var kinds: Set<HookKind> = Set(HookKind.allCases)
    /// Matches the channels that it hears of; nil for all.
    public var pattern: ChannelPattern?
    /// A file with the secret that signs messages, `whsec_` and Base64; nil to sign nothing. A path that begins with
    /// `credential:` names a credential of systemd.
    public var secret: String?
    /// Milliseconds that a message may take.
    public var timeout: UInt64 = 5_000
    /// Milliseconds after which crier drops a message that it could not deliver.
    public var keep: UInt64 = 3_600_000
    /// The most bytes of the messages that wait.
    public var queue = 4 << 20

    /// A hook.
    public init(target: Target) { self.target = target }
}
