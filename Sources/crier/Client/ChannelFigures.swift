/// A channel, as the daemon lists it.
struct ChannelFigures: Codable {
    let channel: String
    let subscribers: Int
    let events: Int
    let bytes: Int
    let first: String?
    let last: String?
}
