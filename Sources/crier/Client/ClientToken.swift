import Glibc
import Kernel
import SystemPackage

/// The token that a client shows to the daemon.
enum ClientToken {
    case text(String)
    /// A file, which the client reads anew for each connection: another program may renew the token.
    case file(String)

    func text() throws(ClientFailure) -> String {
        let text: String
        switch self {
        case .text(let token): text = token
        case .file(let path):
            do throws(Errno) {
                text = String(decoding: try Descriptor.open(path, O_RDONLY).readToEnd(), as: UTF8.self)
            } catch {
                throw .noToken("\(path): \(error)")
            }
        }
        let token = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .noToken("a token is one line of visible ASCII characters")
        }
        return token
    }
}
