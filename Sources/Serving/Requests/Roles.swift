/// The requests that crier accepts from a listening socket. It answers others with 404. Every socket has `/healthz`.
public struct Roles: OptionSet, Sendable, Hashable {
    /// One bit for each role.
    public let rawValue: UInt8

    /// Wraps bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `GET` and `HEAD` for `/events`.
    public static let subscribe = Roles(rawValue: 1)
    /// `POST` for `/events`.
    public static let publish = Roles(rawValue: 2)
    /// `/channels` and the page at `/`.
    public static let admin = Roles(rawValue: 4)
}
