import FoundationEssentials

/// The sessions that are furthest behind.
struct SlowestSessions {
    /// How many sessions that are behind a look compares.
    private static let compared = 1000

    private(set) var sessions: [SessionFigures] = []

    /// Asks a daemon.
    ///
    /// - Parameter count: how many to keep.
    init(of daemon: RemoteDaemon, count: Int) throws {
        let request = AdminRequest(daemon: daemon, path: "/sessions", query: [("state", "behind")])
        try request.forEach("sessions", atMost: Self.compared) { (_: [UInt8], session: SessionFigures) in
            sessions.append(session)
        }
        sessions.sort { ($1.lag.events, $1.lag.bytes) < ($0.lag.events, $0.lag.bytes) }
        sessions = Array(sessions.prefix(count))
    }
}
