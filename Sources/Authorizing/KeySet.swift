import Access
import JSON
import JWTKit

/// The keys of a JSON Web Key Set (RFC 7517 section 5).
enum KeySet {
    /// The most bytes of a set.
    static let limit = 1 << 20
    /// The most keys of a set.
    static let keyLimit = 100

    private static let standard: [Algorithm] = Algorithm.allCases.filter { $0.family != .hmac }

    /// Reads the keys for signatures, each for every algorithm that it may sign with. It skips keys of other kinds, as the
    /// standard says.
    ///
    /// - Parameter allowed: the algorithms of the configuration; empty for those that fit the keys.
    static func keys(_ bytes: [UInt8], _ allowed: [Algorithm]) throws(KeyProblem) -> [SigningKey] {
        guard bytes.count <= limit else { throw KeyProblem("it has more than \(limit) bytes") }
        var found: [SigningKey] = []
        for text in try texts(bytes) {
            guard let key = try? JWK(json: String(decoding: text, as: UTF8.self)), !isForEncryption(text) else {
                continue
            }
            let fitting = algorithms(of: key).filter { allowed.isEmpty || allowed.contains($0) }
            for algorithm in fitting {
                if let key = try? SigningKey(key, algorithm, id: key.keyIdentifier?.string) { found.append(key) }
            }
        }
        return found
    }

    /// The keys of the set as JSON texts.
    private static func texts(_ bytes: [UInt8]) throws(KeyProblem) -> [ArraySlice<UInt8>] {
        var keys: [ArraySlice<UInt8>]?
        do throws(InvalidJSON) {
            var scanner = JSONScanner(bytes)
            try scanner.expect(UInt8(ascii: "{"), "the object")
            try scanner.list(until: UInt8(ascii: "}")) { scanner throws(InvalidJSON) in
                let name = try scanner.string()
                try scanner.expect(UInt8(ascii: ":"), "a colon")
                guard name.elementsEqual("keys".utf8), scanner.take(UInt8(ascii: "[")) else {
                    _ = try scanner.value()
                    return
                }
                keys = []
                try scanner.list(until: UInt8(ascii: "]")) { scanner throws(InvalidJSON) in
                    keys?.append(try scanner.value())
                }
            }
            try scanner.expectEnd()
        } catch {
            throw KeyProblem("it is not a JSON Web Key Set: \(error.problem) at byte \(error.place)")
        }
        guard let keys else { throw KeyProblem("it is not a JSON Web Key Set: there is no array \"keys\"") }
        guard keys.count <= keyLimit else { throw KeyProblem("it has more than \(keyLimit) keys") }
        return keys
    }

    /// `use` of a key that signs nothing (RFC 7517 section 4.2).
    private static func isForEncryption(_ key: ArraySlice<UInt8>) -> Bool {
        ((try? TokenJSON(Array(key)).text("use")) ?? "sig") != "sig"
    }

    /// The algorithms that a key may sign with: its `alg`, or those that its type allows.
    private static func algorithms(of key: JWK) -> [Algorithm] {
        let fitting: [Algorithm] =
            switch key.keyType.rawValue {
            case "RSA": standard.filter { $0.family == .rsa }
            case "EC":
                switch key.curve?.rawValue {
                case "P-256": [.es256]
                case "P-384": [.es384]
                case "P-521": [.es512]
                default: []
                }
            case "OKP": [.edDSA]
            default: []
            }
        guard let named = key.algorithm else {
            return key.keyType.rawValue == "RSA" ? [.rs256] : fitting
        }
        return fitting.filter { $0.rawValue == named.rawValue }
    }
}
