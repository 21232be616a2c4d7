/// The subscribers of a loop whose sockets would close if the process were killed now.
struct UnkeptSockets {
    /// The newest last.
    var tokens: [Subscribers.Token] = []
    /// Up to which ``RecoverySockets/generation`` they are known.
    var generation = 0
}
