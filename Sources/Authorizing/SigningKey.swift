import Access
import Crypto
import FoundationEssentials
import JWTKit

/// A key for one algorithm.
struct SigningKey: Sendable {
    let algorithm: Algorithm
    /// The `kid`; nil when the key has none.
    let id: String?
    /// What makes it another key than others of the same set; nil for a key that has a file of its own.
    let material: [UInt8]?
    private let implementation: any JWTAlgorithm

    /// A shared secret.
    ///
    /// - Throws: ``KeyProblem`` for a secret that is shorter than the hash.
    init(secret: [UInt8], _ algorithm: Algorithm, id: String?) throws(KeyProblem) {
        guard secret.count >= algorithm.secretLength else {
            throw KeyProblem(
                "\(algorithm.rawValue) needs a secret of \(algorithm.secretLength) bytes or more; this one has "
                    + "\(secret.count)")
        }
        try self.init(algorithm, id: id) { keys in
            await keys.add(hmac: HMACKey(from: secret), digestAlgorithm: algorithm.digest)
        }
    }

    /// A public key, a private key, or, for RSA, a certificate, as PEM.
    init(pem: String, _ algorithm: Algorithm, id: String?) throws(KeyProblem) {
        try self.init(algorithm, id: id) { keys in
            switch algorithm.family {
            case .hmac: throw KeyProblem("\(algorithm.rawValue) needs a secret")
            case .rsa:
                if let key = try? Insecure.RSA.PrivateKey(pem: pem) {
                    await keys.add(rsa: key, algorithm)
                } else {
                    await keys.add(
                        rsa: try (try? Insecure.RSA.PublicKey(pem: pem))
                            ?? Insecure.RSA.PublicKey(certificatePEM: pem), algorithm)
                }
            case .ecdsa:
                switch algorithm {
                case .es256: try await keys.add(ecdsa: pem, P256.self)
                case .es384: try await keys.add(ecdsa: pem, P384.self)
                default: try await keys.add(ecdsa: pem, P521.self)
                }
            case .eddsa:
                if let key = try? EdDSA.PrivateKey(pem: pem) {
                    await keys.add(eddsa: key)
                } else {
                    await keys.add(eddsa: try EdDSA.PublicKey(pem: pem))
                }
            }
        }
    }

    /// A key of a JSON Web Key Set.
    init(_ key: JWK, _ algorithm: Algorithm, id: String?) throws(KeyProblem) {
        var key = key
        // jwt-kit wants one; crier looks at the id itself.
        if key.keyIdentifier == nil { key.keyIdentifier = "" }
        let named = key
        let parts = [key.keyType.rawValue, key.curve?.rawValue, key.modulus, key.exponent, key.x, key.y, id]
        let material = parts.map { $0 ?? "" }.joined(separator: "\n")
        try self.init(algorithm, id: id, material: Array(material.utf8)) { keys in try await keys.add(jwk: named) }
    }

    private init(
        _ algorithm: Algorithm, id: String?, material: [UInt8]? = nil,
        _ add: @escaping @Sendable (JWTKeyCollection) async throws -> Void
    ) throws(KeyProblem) {
        let outcome = wait { () async -> Result<any JWTAlgorithm, KeyProblem> in
            do {
                let keys = JWTKeyCollection()
                try await add(keys)
                return .success(try await keys.getKey(alg: algorithm.rawValue))
            } catch let problem as KeyProblem {
                return .failure(problem)
            } catch {
                return .failure(KeyProblem("it holds no key for \(algorithm.rawValue)"))
            }
        }
        self.algorithm = algorithm
        self.id = id
        self.material = material
        implementation = try outcome.get()
        guard implementation.name == algorithm.rawValue else {
            throw KeyProblem("it holds no key for \(algorithm.rawValue)")
        }
    }

    /// Whether the key has made this signature.
    func verifies(_ signature: [UInt8], of signed: ArraySlice<UInt8>) -> Bool {
        (try? implementation.verify(signature, signs: signed)) ?? false
    }

    /// Signs bytes; nil with a public key.
    func sign(_ bytes: [UInt8]) -> [UInt8]? { try? implementation.sign(bytes) }
}

extension JWTKeyCollection {
    fileprivate func add(rsa key: some RSAKey, _ algorithm: Algorithm) {
        if algorithm.isPSS {
            add(pss: key, digestAlgorithm: algorithm.digest)
        } else {
            add(rsa: key, digestAlgorithm: algorithm.digest)
        }
    }

    fileprivate func add<Curve: ECDSACurveType>(ecdsa pem: String, _ curve: Curve.Type) throws {
        if let key = try? ECDSA.PrivateKey<Curve>(pem: pem) {
            add(ecdsa: key)
        } else {
            add(ecdsa: try ECDSA.PublicKey<Curve>(pem: pem))
        }
    }
}
