/// What a listening socket may be asked for. crier answers a request outside of these roles with 404.
public struct Roles: OptionSet, Sendable, Hashable {
    /// One bit a role.
    public let rawValue: UInt8

    /// Wraps bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `GET /events`.
    public static let subscribe = Roles(rawValue: 1)
    /// `POST /events`.
    public static let publish = Roles(rawValue: 2)
    /// Channels, and the page.
    public static let admin = Roles(rawValue: 4)
}
