/// The publishers of one loop whose answers wait until fan-out has caught up, in the order in which they came.
struct HeldPublishers {
    private var tokens: [Connections.Token] = []
    /// The value of ``PublisherThrottle/relief`` at the last check.
    private var reliefSeen = 0

    var isEmpty: Bool { tokens.isEmpty }

    mutating func hold(_ token: Connections.Token) { tokens.append(token) }

    /// Whether the loop may sleep although it holds publishers: a relief after this call wakes it.
    func maySleep(_ throttle: PublisherThrottle, loop: Int) -> Bool {
        guard !tokens.isEmpty else { return true }
        throttle.announceWaiting(on: loop)
        return throttle.relief == reliefSeen
    }

    /// Takes the publishers that should check their backlogs again. Hold those that must still wait with ``hold(_:)``.
    mutating func takeAfterRelief(_ throttle: PublisherThrottle) -> [Connections.Token] {
        guard !tokens.isEmpty, throttle.relief != reliefSeen else { return [] }
        reliefSeen = throttle.relief
        defer { tokens.removeAll() }
        return tokens
    }
}
