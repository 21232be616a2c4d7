import HTTPMessages
import Kernel

/// A header of the PROXY protocol ends where it says, and is incomplete before; fields of proxies give texts.
enum ProxyHeaders {
    static func run(_ bytes: [UInt8]) {
        if case .header(let header) = ProxyHeader.parse(bytes[...]) {
            require(header.count <= min(bytes.count, ProxyHeader.limit), "it is longer than what there is")
            require([nil, 4, 16].contains(header.client?.count), "no address")
            require(ProxyHeader.parse(bytes[..<header.count]) == .header(header), "what follows it counts")
            for count in 0..<min(header.count, 300) {
                require(ProxyHeader.parse(bytes[..<count]) == .needsMore, "\(count) bytes of it are enough")
            }
            // Another parser reads the same address.
            if let client = header.client, let address = IPAddress(bytes: client), bytes.starts(with: "PROXY ".utf8) {
                let word = String(decoding: bytes.split(separator: 0x20)[2], as: UTF8.self)
                require(IPAddress(word) == address, "\(word) is not \(address)")
            }
        }
        let head = Array("GET / HTTP/1.1\r\nHost: h\r\nForwarded: ".utf8) + bytes + Array("\r\n\r\n".utf8)
        var parser = RequestParser()
        var offset = 0
        guard case .head(let parsed)? = try? parser.next(head.span, &offset) else { return }
        for text in ForwardedField.forwarded.clients(parsed.fields) {
            _ = IPAddress(String(decoding: text, as: UTF8.self))
        }
        if let range = AddressRange(String(decoding: bytes, as: UTF8.self)) { _ = range.contains(IPAddress("::1")!) }
    }
}
