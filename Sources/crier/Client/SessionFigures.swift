/// A session, as the daemon lists it.
struct SessionFigures: Codable {
    /// How far it is behind.
    struct Lag: Codable {
        let events: Int
        let bytes: Int
        let seconds: Int
    }

    let id: String
    let address: String?
    let channels: [String]
    let state: String
    let cursor: String
    let lag: Lag
    let sent: Int?
    let since: Int
    let agent: String?
    let token: String?
}
