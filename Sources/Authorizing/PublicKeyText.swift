import Access
import Crypto
import EventStreams
import FoundationEssentials
import JWTKit

/// Writes public keys as JSON (RFC 7517, RFC 7518 section 6, RFC 8037 section 2).
public enum PublicKeyText {
    /// The public part of the key in a PEM file.
    ///
    /// - Parameter id: the `kid`; nil for none.
    public static func json(of path: String, id: String?) throws(KeyProblem) -> String {
        let pem = String(decoding: try KeyProblem.reading(path), as: UTF8.self)
        guard var members = rsa(pem) ?? ed25519(pem) ?? curves(pem) else {
            throw KeyProblem("\(path): it is no PEM of a key")
        }
        if let id { members.append(("kid", id)) }
        return "{" + members.map { "\"\($0)\":\(JSONText.string($1))" }.joined(separator: ",") + "}"
    }

    private typealias Members = [(String, String)]

    private static func rsa(_ pem: String) -> Members? {
        let key =
            (try? Insecure.RSA.PrivateKey(pem: pem).publicKey) ?? (try? Insecure.RSA.PublicKey(pem: pem))
            ?? (try? Insecure.RSA.PublicKey(certificatePEM: pem))
        guard let numbers = try? key?.getKeyPrimitives() else { return nil }
        return [
            ("kty", "RSA"), ("use", "sig"), ("n", Base64URL.encode(numbers.modulus)),
            ("e", Base64URL.encode(numbers.publicExponent)),
        ]
    }

    private static func ed25519(_ pem: String) -> Members? {
        guard let key = (try? EdDSA.PrivateKey(pem: pem).publicKey) ?? (try? EdDSA.PublicKey(pem: pem)) else {
            return nil
        }
        return [
            ("kty", "OKP"), ("use", "sig"), ("alg", "EdDSA"), ("crv", "Ed25519"),
            ("x", Base64URL.encode(key.rawRepresentation)),
        ]
    }

    private static func curves(_ pem: String) -> Members? {
        curve(pem, P256.self, "P-256", "ES256") ?? curve(pem, P384.self, "P-384", "ES384")
            ?? curve(pem, P521.self, "P-521", "ES512")
    }

    private static func curve<Curve: ECDSACurveType>(
        _ pem: String, _: Curve.Type, _ name: String, _ algorithm: String
    ) -> Members? {
        let key = (try? ECDSA.PrivateKey<Curve>(pem: pem).publicKey) ?? (try? ECDSA.PublicKey<Curve>(pem: pem))
        guard let (x, y) = key?.parameters, let x = Data(base64Encoded: x), let y = Data(base64Encoded: y) else {
            return nil
        }
        return [
            ("kty", "EC"), ("use", "sig"), ("alg", algorithm), ("crv", name), ("x", Base64URL.encode(x)),
            ("y", Base64URL.encode(y)),
        ]
    }
}
