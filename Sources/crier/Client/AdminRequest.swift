import FoundationEssentials
import HTTPMessages

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

    /// A page of a list.
    struct Page<Item: Decodable>: Decodable {
        /// What the list has, by the name of its member.
        let items: [String: [Item]]
        let next: String?

        private struct Key: CodingKey {
            let stringValue: String
            let intValue: Int? = nil
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            var items: [String: [Item]] = [:]
            for key in container.allKeys where key.stringValue != "next" {
                items[key.stringValue] = try container.decode([Item].self, forKey: key)
            }
            self.items = items
            next = try container.decodeIfPresent(String.self, forKey: Key(stringValue: "next"))
        }
    }

    /// Calls `body` with every item of a list, page by page.
    ///
    /// - Parameter member: the member of a page that has the items.
    func forEach<Item: Decodable>(_ member: String, _ body: (Item) -> Void) throws {
        var request = self
        while true {
            let page = try JSONDecoder().decode(Page<Item>.self, from: Data(try request.send()))
            for item in page.items[member] ?? [] { body(item) }
            guard let next = page.next else { return }
            request.query = query + [("after", next)]
        }
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
            StandardIO.writeError("the answer is not that of this version of crier")
            throw ExitCodes.unreachable
        }
    }
}
