import Access

extension AccessSettings.JWT {
    /// The keys in what was read from the source, one for each algorithm.
    func keys(_ bytes: [UInt8]) throws(KeyProblem) -> [SigningKey] {
        let wanted = algorithms
        var keys: [SigningKey] = []
        switch source {
        case .secret:
            for algorithm in wanted.isEmpty ? [.hs256] : wanted {
                keys.append(try SigningKey(secret: bytes, algorithm, id: kid))
            }
        case .key:
            let pem = String(decoding: bytes, as: UTF8.self)
            for algorithm in wanted {
                keys.append(try SigningKey(pem: pem, algorithm, id: kid))
            }
            if wanted.isEmpty {
                let fitting: [Algorithm] = [.rs256, .es256, .es384, .es512, .edDSA]
                keys = fitting.compactMap { try? SigningKey(pem: pem, $0, id: kid) }
            }
            if keys.isEmpty { throw KeyProblem("it is no PEM of a key") }
        case .jwks: keys = try KeySet.keys(bytes, wanted)
        }
        return keys
    }

    /// The URL of a key set; nil for a file.
    var url: String? {
        guard case .jwks(let place) = source, place.contains("://") else { return nil }
        return place
    }

    /// The place of the keys, as in the configuration.
    var place: String {
        switch source {
        case .secret(let place), .key(let place), .jwks(let place): place
        }
    }
}
