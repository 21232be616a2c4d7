import Access
import Glibc
import Kernel
import SystemPackage

/// Reads files with keys.
enum KeyFile {
    private static let limit = 1 << 20

    /// The bytes of a file. A path that begins with `credential:` names a credential that systemd passes on.
    static func read(_ path: String) throws(KeyProblem) -> [UInt8] {
        var place = path
        if path.hasPrefix("credential:") {
            let name = String(path.dropFirst("credential:".count))
            guard let directory = Environment["CREDENTIALS_DIRECTORY"] else {
                throw KeyProblem("\(path): systemd passes on no credentials (LoadCredential=\(name):/path)")
            }
            place = "\(directory)/\(name)"
        }
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try Descriptor.open(place, O_RDONLY).readToEnd(limit: limit)
        } catch {
            throw KeyProblem("\(path): \(error)")
        }
        guard bytes.count <= limit else { throw KeyProblem("\(path): it has more than \(limit) bytes") }
        return bytes
    }
}
