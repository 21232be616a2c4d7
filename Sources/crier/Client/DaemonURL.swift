import ArgumentParser
import HTTPMessages
import Kernel

/// The URL of a daemon: `[http://]host[:port][/base]` or `unix:PATH`.
struct DaemonURL: ExpressibleByArgument {
    enum Place {
        case tcp(host: String, port: UInt16)
        case unix(path: String)
    }

    let place: Place
    /// The path before `/events`, without a final slash.
    let base: String
    /// The value of the Host field.
    let authority: String

    static let standard = DaemonURL(argument: "http://127.0.0.1:8080")!

    init?(argument: String) {
        if argument.hasPrefix("unix:") {
            place = .unix(path: String(argument.dropFirst(5)))
            (base, authority) = ("", "localhost")
            return
        }
        guard let url = HTTPURL(argument.contains("://") ? argument : "http://\(argument)") else { return nil }
        var path = url.target
        while path.last == "/" { path.removeLast() }
        place = .tcp(host: url.host, port: url.port)
        (base, authority) = (path, url.authority)
    }

    /// The request target. It names one channel in the path and several in the query; without channels, the body of the
    /// request names them.
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
