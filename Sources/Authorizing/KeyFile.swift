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
        do throws(Errno) {
            let file = try Descriptor.open(place, O_RDONLY)
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 64 * 1024)
            while bytes.count <= limit {
                switch file.read(into: &buffer) {
                case .bytes(let count): bytes += buffer[..<count]
                case .end: return bytes
                case .wouldBlock: throw Errno.wouldBlock
                case .failed(let error): throw error
                }
            }
        } catch {
            throw KeyProblem("\(path): \(error)")
        }
        throw KeyProblem("\(path): it has more than \(limit) bytes")
    }
}
