import Glibc
import SystemPackage

/// Reads files with keys and secrets.
public enum SecretFile {
    /// Why a file cannot be read: a phrase without a full stop.
    public struct Unreadable: Error, Sendable, CustomStringConvertible {
        /// The phrase.
        public let description: String
    }

    /// The most bytes of a file.
    private static let limit = 1 << 20

    /// The bytes of a file.
    ///
    /// - Parameter path: of a file; or `credential:` and the name of a credential that systemd passes on.
    public static func read(_ path: String) throws(Unreadable) -> [UInt8] {
        var place = path
        if path.hasPrefix("credential:") {
            let name = String(path.dropFirst("credential:".count))
            guard let directory = Environment["CREDENTIALS_DIRECTORY"] else {
                throw Unreadable(
                    description: "\(path): systemd passes on no credentials (LoadCredential=\(name):/path)")
            }
            place = "\(directory)/\(name)"
        }
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try Descriptor.open(place, O_RDONLY).readToEnd(limit: limit)
        } catch {
            throw Unreadable(description: "\(path): \(error)")
        }
        guard bytes.count <= limit else {
            throw Unreadable(description: "\(path): it has more than \(limit) bytes")
        }
        return bytes
    }
}
