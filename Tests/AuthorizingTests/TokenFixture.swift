import Access
import Authorizing
import Foundation
import Logging

/// Rules with one secret, and tokens that it signs.
struct TokenFixture {
    static let secret = Array("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef".utf8)
    /// Milliseconds since 1970.
    static let now: UInt64 = 1_700_000_000_000
    /// Seconds since 1970.
    static let nowSeconds = 1_700_000_000

    let directory: URL
    var settings = AccessSettings()

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "crier-tokens-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        settings.jwt = [AccessSettings.JWT(source: .secret(try write("secret", Self.secret)))]
    }

    /// Writes a file and returns its path.
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let place = directory.appending(path: name)
        try Data(bytes).write(to: place)
        return place.path
    }

    func remove() { try? FileManager.default.removeItem(at: directory) }

    /// Signs claims with the secret.
    func sign(_ claims: String, _ algorithm: Algorithm = .hs256, kid: String? = nil) throws -> String {
        try TokenSigner(settings.jwt[0].source, algorithm, id: kid).sign(claims)
    }

    /// What a daemon with the rules says of a token.
    func verdict(_ token: String) throws -> Result<Grant, TokenFault> {
        try Authority.verdict(on: Array(token.utf8), settings, now: Self.now)
    }

    func fault(_ token: String) throws -> TokenFault? {
        if case .failure(let fault) = try verdict(token) { fault } else { nil }
    }

    /// A token with any header, whose signature is empty.
    static func unsigned(header: String, claims: String) -> String {
        "\(Base64URL.encode(header.utf8)).\(Base64URL.encode(claims.utf8))."
    }
}
