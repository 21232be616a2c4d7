/// What one session gets, and nobody else.
struct SessionPush: Sendable {
    /// Events, comments and a reconnection time, without framing.
    let bytes: [UInt8]
    /// The last id among the events: from then on the position of the client. Nil without one.
    let lastID: [UInt8]?
}
