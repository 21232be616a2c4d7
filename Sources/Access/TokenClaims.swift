import EventStreams

/// The claims of a token that crier signs.
public struct TokenClaims: Sendable, Hashable {
    /// Patterns of the channels to subscribe to.
    public var subscribe: [String]
    /// Patterns of the channels to publish to.
    public var publish: [String]
    /// Whether the caller may administer.
    public var isAdmin: Bool
    /// The name of the caller.
    public var name: String?
    /// `iss`.
    public var issuer: String?
    /// `aud`.
    public var audience: String?
    /// `iat`, in seconds since 1970.
    public var issuedAt: UInt64?
    /// `exp`, in seconds since 1970.
    public var expiry: UInt64?

    /// Claims with these rights.
    public init(subscribe: [String] = [], publish: [String] = [], isAdmin: Bool = false) {
        self.subscribe = subscribe
        self.publish = publish
        self.isAdmin = isAdmin
    }

    /// The claims as JSON.
    public var json: String {
        var own: [String] = []
        if !subscribe.isEmpty { own.append("\"subscribe\":\(Self.list(subscribe))") }
        if !publish.isEmpty { own.append("\"publish\":\(Self.list(publish))") }
        if isAdmin { own.append("\"admin\":true") }
        if let name { own.append("\"name\":\(JSONText.string(name))") }
        var members = ["\"crier\":{\(own.joined(separator: ","))}"]
        if let issuer { members.append("\"iss\":\(JSONText.string(issuer))") }
        if let audience { members.append("\"aud\":\(JSONText.string(audience))") }
        if let issuedAt { members.append("\"iat\":\(issuedAt)") }
        if let expiry { members.append("\"exp\":\(expiry)") }
        return "{\(members.joined(separator: ","))}"
    }

    private static func list(_ texts: [String]) -> String {
        "[\(texts.map { JSONText.string($0) }.joined(separator: ","))]"
    }
}
