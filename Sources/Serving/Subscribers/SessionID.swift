/// Names a subscriber: 128 random bits, never chosen by the client.
struct SessionID: Hashable {
    let high: UInt64
    let low: UInt64

    static func random(using generator: inout some RandomNumberGenerator) -> SessionID {
        SessionID(high: generator.next(), low: generator.next())
    }
}
