public import Access
import EventStreams

/// Signs JSON Web Tokens with one key.
public struct TokenSigner: Sendable {
    private let key: SigningKey

    /// Reads a key.
    ///
    /// - Parameters:
    ///   - source: the file with a secret or a private key.
    ///   - algorithm: nil for the first that fits the key.
    ///   - id: the `kid`; nil for none.
    public init(_ source: AccessSettings.JWT.Source, _ algorithm: Algorithm?, id: String?) throws(KeyProblem) {
        var settings = AccessSettings.JWT(source: source)
        settings.algorithms = algorithm.map { [$0] } ?? []
        settings.kid = id
        let bytes = try KeyProblem.reading(settings.place)
        let keys: [SigningKey]
        do throws(KeyProblem) { keys = try settings.keys(bytes) } catch {
            throw KeyProblem("\(settings.place): \(error)")
        }
        guard let key = keys.first else { throw KeyProblem("\(settings.place): it holds no key") }
        self.key = key
    }

    /// Signs claims.
    ///
    /// - Parameter claims: a JSON object.
    /// - Throws: a problem with the key, such as that it is a public one.
    public func sign(_ claims: String) throws(KeyProblem) -> String {
        let id = key.id.map { ",\"kid\":\(JSONText.string($0))" } ?? ""
        let header = "{\"alg\":\"\(key.algorithm.rawValue)\",\"typ\":\"JWT\"\(id)}"
        let signed = "\(Base64URL.encode(header.utf8)).\(Base64URL.encode(claims.utf8))"
        guard let signature = key.sign(Array(signed.utf8)) else { throw KeyProblem("a public key signs nothing") }
        return "\(signed).\(Base64URL.encode(signature))"
    }
}
