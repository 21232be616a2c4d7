import HTTPMessages
import Kernel
import SystemPackage

/// A connection to a daemon, with blocking calls.
struct DaemonConnection: ~Copyable {
    private let socket: Descriptor
    private var parser = ResponseParser()
    private var buffer: [UInt8] = []
    private var offset = 0

    init(_ url: DaemonURL) throws(ClientFailure) {
        socket = try Self.connect(url)
    }

    private static func connect(_ url: DaemonURL) throws(ClientFailure) -> Descriptor {
        switch url.place {
        case .unix(let path):
            guard let address = SocketAddress(unixPath: path) else {
                throw .unreachable("\(path) is not a socket path")
            }
            do throws(Errno) { return try Descriptor.connect(to: address) } catch {
                throw .unreachable("\(path): \(error)")
            }
        case .tcp(let host, let port):
            let addresses: [SocketAddress]
            do throws(SocketAddress.ResolutionFailure) {
                addresses = try SocketAddress.resolve(host: host, port: port)
            } catch {
                throw .unreachable(error.description)
            }
            var reason = "\(host): no address"
            for address in addresses {
                do throws(Errno) { return try Descriptor.connect(to: address) } catch {
                    reason = "\(address): \(error)"
                }
            }
            throw .unreachable(reason)
        }
    }

    /// Waits for input, or for bytes from the daemon.
    ///
    /// - Returns: whether there is input and the daemon has sent nothing.
    func waitForInput(_ input: borrowing Descriptor) -> Bool {
        while true {
            let (hasInput, hasAnswer) = Descriptor.waitForInput(input, socket)
            if hasAnswer { return false }
            if hasInput { return true }
        }
    }

    mutating func send(_ bytes: [UInt8]) throws(ClientFailure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard case .wrote(let count) = socket.send(Array(rest)) else { throw .connectionLost }
            rest = rest.dropFirst(count)
        }
    }

    /// A part of an answer.
    enum Part {
        case head(ResponseHead)
        case body([UInt8])
        case end
    }

    /// Waits for the next part of an answer; nil when the connection has closed.
    mutating func next() throws(ClientFailure) -> Part? {
        while true {
            let input = buffer
            do throws(Refusal) {
                switch try parser.next(input.span, &offset) {
                case .head(let head): return .head(head)
                case .body(let range): return .body(Array(input[range]))
                case .end: return .end
                case .needsMore: break
                }
            } catch {
                throw .notUnderstood(error)
            }
            buffer = [UInt8](repeating: 0, count: 64 * 1024)
            offset = 0
            guard case .bytes(let count) = socket.read(into: &buffer) else {
                return nil
            }
            buffer.removeLast(buffer.count - count)
        }
    }

    /// Waits for a complete answer.
    mutating func answer() throws(ClientFailure) -> (head: ResponseHead, body: [UInt8]) {
        var head: ResponseHead?
        var body: [UInt8] = []
        while true {
            switch try next() {
            case .head(let next): head = next
            case .body(let bytes): body += bytes
            case .end:
                // An interim answer has no body; the final one follows.
                if let head, head.status >= 200 { return (head, body) }
            case nil:
                guard let head, head.framing == .untilClose else { throw .connectionLost }
                return (head, body)
            }
        }
    }
}
