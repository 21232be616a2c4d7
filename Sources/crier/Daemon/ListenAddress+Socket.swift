import Configuring
import Kernel

extension ListenAddress {
    /// Whether it is the address of a socket that somebody else has opened.
    ///
    /// - Parameter socket: the description of that address.
    func names(_ socket: String) -> Bool {
        switch self {
        case .inherited: return false
        case .unix: return description == socket
        case .tcp(let host, let port):
            // A port that the kernel chooses is nobody's name.
            guard port > 0, socket.hasSuffix(":\(port)") else { return false }
            let resolved = (try? SocketAddress.resolve(host: host.isEmpty ? "::" : host, port: port)) ?? []
            return resolved.contains { $0.description == socket }
        }
    }
}
