import Glibc
import SystemPackage

extension SocketAddress: CustomStringConvertible {
    /// `192.0.2.1:80`, `[2001:db8::1]:80`, `unix:/run/x.sock`, or `unknown`.
    public var description: String {
        switch family {
        case AF_UNIX:
            let path = view(as: sockaddr_un.self) { address in
                unsafe withUnsafeBytes(of: address.sun_path) { unsafe Array($0.prefix { $0 != 0 }) }
            }
            return path.isEmpty ? "unix" : "unix:\(String(decoding: path, as: UTF8.self))"
        case AF_INET: return "\(host):\(port ?? 0)"
        case AF_INET6: return "[\(host)]:\(port ?? 0)"
        default: return "unknown"
        }
    }

    private var host: String {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let status = unsafe try? withSockaddr { address, length throws(Errno) in
            unsafe getnameinfo(address, length, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        }
        return status == 0 ? String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : "?"
    }
}
