import Access
import Bytes
import HTTPMessages

/// The token that a request carries.
struct Credential {
    let token: [UInt8]
    /// Whether only a cookie carries it. A browser sends cookies for every page, also for one that wants to do harm.
    private(set) var isCookieAlone: Bool

    /// Finds the token of a request; nil when it carries none.
    ///
    /// - Throws: 400 when the request carries two that differ.
    static func find(_ head: RequestHead, _ policy: AccessPolicy) throws(Problem) -> Credential? {
        for name: StaticString in ["authorization", "cookie"] where head.fields.count(of: name) > 1 {
            throw Problem(400, "The request has the field \(name) twice.")
        }
        var tokens: [ArraySlice<UInt8>] = []
        if let token = head.fields.first("authorization").flatMap(bearer) { tokens.append(token) }
        // A query that cannot be read has been refused before.
        if policy.allowsQueryToken, let query = Query(head.target.query) { tokens += query.values("token") }
        let others = tokens.count
        if let name = policy.cookie, let cookies = head.fields.first("cookie") {
            tokens += values(of: name, in: cookies)
        }
        guard let token = tokens.first else { return nil }
        guard tokens.allSatisfy({ $0.elementsEqual(token) }) else {
            throw Problem(400, "The request carries two tokens that differ.")
        }
        return Credential(token: Array(token), isCookieAlone: others == 0)
    }

    /// The token of an `Authorization` field (RFC 6750 section 2.1); nil for another scheme, which is for a proxy.
    private static func bearer(_ field: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let (scheme, token) = field.cut(at: UInt8(ascii: " ")), scheme.equalsIgnoringCase("bearer") else {
            return nil
        }
        return token.trimmed
    }

    /// The values of the cookies with a name (RFC 6265 section 4.2.1).
    private static func values(of name: [UInt8], in cookies: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        cookies.split(separator: UInt8(ascii: ";")).compactMap { cookie in
            guard let (found, value) = cookie.trimmed.cut(at: UInt8(ascii: "=")), found.elementsEqual(name) else {
                return nil
            }
            let isQuoted = value.count >= 2 && value.first == 0x22 && value.last == 0x22
            return isQuoted ? value.dropFirst().dropLast() : value
        }
    }
}
