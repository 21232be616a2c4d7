import ArgumentParser
import HTTPMessages
import Kernel

/// Where a daemon is: `http://host[:port][/base]` or `unix:PATH`.
struct DaemonURL: ExpressibleByArgument {
    enum Place {
        case tcp(host: String, port: UInt16)
        case unix(path: String)
    }

    let place: Place
    /// What stands before `/events`, without a final slash.
    let base: String
    /// The Host field.
    let authority: String

    static let standard = DaemonURL(argument: "http://127.0.0.1:8080")!

    init?(argument: String) {
        if argument.hasPrefix("unix:") {
            place = .unix(path: String(argument.dropFirst(5)))
            (base, authority) = ("", "localhost")
            return
        }
        guard argument.lowercased().hasPrefix("http://") else { return nil }
        let rest = argument.dropFirst(7)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let named = rest[..<slash]
        var path = rest[slash...]
        while path.last == "/" { path.removeLast() }
        guard !named.isEmpty, !named.contains("@"), path.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            return nil
        }
        let digits = named.split(separator: ":", omittingEmptySubsequences: false).last.map(String.init) ?? ""
        let hasPort = named.contains(":") && !named.hasSuffix("]")
        guard let port = hasPort ? UInt16(digits) : 80 else { return nil }
        var host = hasPort ? String(named.dropLast(digits.count + 1)) : String(named)
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else { return nil }
        place = .tcp(host: host, port: port)
        (base, authority) = (String(path), String(named))
    }

    /// The target for some channels: in the path when it is one, in the query when there are several.
    func target(_ channels: [String], query: [(String, String)] = []) -> String {
        var path = "\(base)/events"
        var parameters = query
        if channels.count == 1 {
            path += "/" + PercentCoding.encode(channels[0], keepingSlash: true)
        } else {
            parameters = channels.map { ("channel", $0) } + parameters
        }
        guard !parameters.isEmpty else { return path }
        return path + "?"
            + parameters.map { "\($0)=\(PercentCoding.encode($1, keepingSlash: false))" }.joined(separator: "&")
    }
}
