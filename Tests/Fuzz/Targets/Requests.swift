import HTTPMessages

/// A connection is read the same way however its bytes are cut, and no refused byte is read after all.
enum Requests {
    static func run(_ bytes: [UInt8]) {
        let readings = cuts(of: bytes).map(read)
        for reading in readings { require(reading == readings[0], "\(reading)\nis not\n\(readings[0])") }
    }

    /// What a server sees: heads, the bytes of bodies, ends and a refusal.
    private static func read(_ pieces: [ArraySlice<UInt8>]) -> [String] {
        var seen: [String] = []
        var body: [UInt8] = []
        var parser = RequestParser(limits: MessageLimits(head: 512, target: 128, fields: 16, body: 4096))
        for piece in pieces {
            let input = Array(piece)
            var offset = 0
            do throws(Refusal) {
                step: while true {
                    switch try parser.next(input.span, &offset) {
                    case .needsMore: break step
                    case .head(let head): seen.append(describe(head))
                    case .body(let range): body += input[range]
                    case .end:
                        seen.append("\(body) end")
                        body = []
                    }
                }
                require(offset == input.count, "the parser wants more and has left \(input.count - offset) bytes")
            } catch {
                return seen + ["\(body) \(error.status) \(error)"]
            }
        }
        return seen + ["\(body) open"]
    }

    private static func describe(_ head: RequestHead) -> String {
        let fields = ["host", "content-length", "transfer-encoding", "accept", "x"] as [StaticString]
        let values = fields.map { name in head.fields.text(name) ?? "-" }
        for value in values {
            require(!value.utf8.contains { $0 == 0x0A || $0 == 0x0D || $0 == 0 }, "a line break in a value")
        }
        require(!head.target.path.contains { $0 <= 0x20 || $0 == 0x7F }, "a space or a control character in a target")
        return "\(head.method) \(Array(head.target.path)) \(head.framing) \(head.keepsAlive) \(values)"
    }
}
