import Access
import ArgumentParser
import Authorizing

/// The key that signs a token.
struct KeyOptions: ParsableArguments {
    @Option(help: "The file with a shared secret, for HS256 (default), HS384 or HS512.")
    var secret: String?

    @Option(help: "The file with a private key, PEM, for the algorithms with public keys.")
    var key: String?

    @Option(help: "The algorithm: HS256, RS256, PS256, ES256, EdDSA and so on.")
    var algorithm: String?

    @Option(help: "The id of the key (kid).")
    var kid: String?

    func validate() throws {
        guard (secret == nil) != (key == nil) else { throw ValidationError("Give --secret or --key.") }
        if let algorithm, Algorithm(rawValue: algorithm) == nil {
            let names = Algorithm.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("\"\(algorithm)\" is not an algorithm; allowed: \(names).")
        }
    }

    func signer() throws(KeyProblem) -> TokenSigner {
        try TokenSigner(
            secret.map { .secret($0) } ?? .key(key ?? ""), algorithm.flatMap { Algorithm(rawValue: $0) }, id: kid)
    }
}
