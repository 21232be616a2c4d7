import Access
import Broadcasting
@testable import Authorizing

/// A token that crier splits comes back as it was from its parts, and claims are refused or give a grant.
enum Tokens {
    private static let rule: JWTRule = {
        var settings = AccessSettings.JWT(source: .secret(""))
        settings.subscribe = ["users/{sub}/**", "{sub}"]
        return JWTRule(settings: settings, scopes: [], leeway: 0)
    }()

    static func run(_ bytes: [UInt8]) {
        if let token = try? CompactToken(bytes) {
            let parts = [token.header, token.payload, token.signature].map { Base64URL.encode($0) }
            require(parts.joined(separator: ".").utf8.elementsEqual(bytes), "another token has the same parts")
            require(Array(token.signed) == Array("\(parts[0]).\(parts[1])".utf8), "other bytes are signed")
        }
        _ = try? TokenKeys().grant(bytes, now: 0) {}
        guard let claims = try? TokenJSON(bytes) else { return }
        let grant = try? rule.grant(claims, by: AccessRule(fingerprint: []), now: 1_700_000_000_000)
        for pattern in grant?.rights.subscribe ?? [] {
            // Only the claim of crier may name other channels than the templates.
            let text = pattern.description.utf8
            let isOfTemplate = text.starts(with: "users/".utf8) || !text.contains(UInt8(ascii: "/"))
            require(claims.has("crier") || isOfTemplate && text.first != UInt8(ascii: "*"), "\(pattern)")
        }
    }
}
