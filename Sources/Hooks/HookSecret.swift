import Crypto
import FoundationEssentials
import Kernel

/// Signs messages as Standard Webhooks asks for: an HMAC with SHA-256 over id, time and body.
public struct HookSecret: Sendable, Equatable {
    private let key: SymmetricKey

    /// - Parameter text: `whsec_` and 24 to 64 bytes as Base64; white space around it does not count.
    init?(_ text: String) {
        let text = text.split { $0.isWhitespace }
        guard text.count == 1, text[0].hasPrefix("whsec_"),
            let bytes = Data(base64Encoded: String(text[0].dropFirst("whsec_".count))), (24...64).contains(bytes.count)
        else { return nil }
        key = SymmetricKey(data: bytes)
    }

    /// Reads a secret; see ``Kernel/SecretFile``.
    ///
    /// - Parameter path: nil for no secret.
    public static func read(_ path: String?) throws(HookProblem) -> HookSecret? {
        guard let path else { return nil }
        let bytes: [UInt8]
        do throws(SecretFile.Unreadable) { bytes = try SecretFile.read(path) } catch {
            throw HookProblem(description: error.description)
        }
        guard let secret = HookSecret(String(decoding: bytes, as: UTF8.self)) else {
            throw HookProblem(
                description: "\(path): there is no secret in it: whsec_ and 24 to 64 bytes as Base64, such as "
                    + "\"whsec_$(head -c 32 /dev/urandom | base64)\"")
        }
        return secret
    }

    /// The value of `webhook-signature`.
    ///
    /// - Parameter time: seconds since 1970 of this attempt.
    func signature(_ message: HookMessage, at time: UInt64) -> String {
        let signed = Array("\(message.id).\(time).".utf8) + message.body
        return "v1," + Data(HMAC<SHA256>.authenticationCode(for: signed, using: key)).base64EncodedString()
    }
}
