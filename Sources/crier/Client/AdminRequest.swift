import ArgumentParser
import FoundationEssentials
import HTTPMessages
import JSON

/// One request to administer a daemon.
struct AdminRequest {
    /// The daemon refused it.
    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    let daemon: RemoteDaemon
    var method = "GET"
    /// The path behind the base, such as `/sessions`.
    let path: String
    var query: [(String, String)] = []

    /// The answer, which must have the status 200.
    func send() throws -> [UInt8] {
        var connection = try DaemonConnection(daemon.url)
        let parameters = query.map { "\($0)=\(PercentCoding.encode($1, keepingSlash: false))" }.joined(separator: "&")
        let target = "\(daemon.url.base)\(path)" + (parameters.isEmpty ? "" : "?\(parameters)")
        try connection.send(
            Array("\(method) \(target) HTTP/1.1\r\n\(try daemon.fields())Connection: close\r\n\r\n".utf8))
        let answer = try connection.answer()
        guard answer.head.status == 200 else {
            throw Refused(description: ProblemDocument.sentence(answer.head, answer.body))
        }
        return answer.body
    }

    /// Calls `body` with every item of a list, page by page: as the daemon wrote it, and as a value.
    ///
    /// - Parameters:
    ///   - member: the member of a page that has the items.
    ///   - limit: after so many items it reads no further page.
    func forEach<Item: Decodable>(
        _ member: String, atMost limit: Int = .max, _ body: ([UInt8], Item) -> Void
    ) throws {
        var request = self
        var count = 0
        while true {
            let (items, next) = try Self.page(try request.send(), member)
            for item in items { body(item, try JSONDecoder().decode(Item.self, from: Data(item))) }
            count += items.count
            guard let next, !items.isEmpty, count < limit else { return }
            request.query = query + [("after", next)]
        }
    }

    /// The items of a page, and where the next one begins; nil when this is the last.
    private static func page(
        _ answer: [UInt8], _ member: String
    ) throws(InvalidJSON) -> (items: [[UInt8]], next: String?) {
        var (items, next): ([[UInt8]], String?) = ([], nil)
        var scanner = JSONScanner(answer)
        try scanner.expect(UInt8(ascii: "{"), "an object")
        try scanner.list(until: UInt8(ascii: "}")) { scanner throws(InvalidJSON) in
            let name = String(decoding: try scanner.string(), as: UTF8.self)
            try scanner.expect(UInt8(ascii: ":"), "a colon")
            if name == member, scanner.take(UInt8(ascii: "[")) {
                try scanner.list(until: UInt8(ascii: "]")) { scanner throws(InvalidJSON) in
                    items.append(Array(try scanner.value()))
                }
            } else if name == "next", scanner.peek() == UInt8(ascii: "\"") {
                next = String(decoding: try scanner.string(), as: UTF8.self)
            } else {
                _ = try scanner.value()
            }
        }
        return (items, next)
    }

    /// Runs a command that sends requests, and says why it failed.
    static func run(_ body: () throws -> Void) throws {
        do { try body() } catch let error as Refused {
            StandardIO.writeError(error.description)
            throw ExitCodes.refused
        } catch let error as ClientFailure {
            StandardIO.writeError(error.description)
            throw ExitCodes.unreachable
        } catch is DecodingError {
            throw notUnderstood()
        } catch is InvalidJSON {
            throw notUnderstood()
        }
    }

    private static func notUnderstood() -> ExitCode {
        StandardIO.writeError("the answer is not that of this version of crier")
        return ExitCodes.unreachable
    }
}
