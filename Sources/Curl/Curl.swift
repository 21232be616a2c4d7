import Kernel
import SystemPackage

/// Runs curl for the requests that the daemon itself makes.
///
/// So the daemon needs no TLS client, and somebody else's server talks to another process, which ends after the answer.
public enum Curl {
    /// The most calls at a time.
    public static let limit = 50
    /// The number of the first descriptor after the standard streams.
    private static let firstOutput = 3

    /// A line of a configuration file of curl, whatever bytes the value has.
    public static func option(_ name: String, _ value: [UInt8]) -> [UInt8] {
        var line = Array("\(name) = \"".utf8)
        for byte in value {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): line += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): line += Array("\\n".utf8)
            default: line.append(byte)
            }
        }
        return line + Array("\"\n".utf8)
    }

    /// Makes calls side by side.
    ///
    /// - Parameters:
    ///   - calls: up to ``limit``.
    ///   - milliseconds: that each may take.
    ///   - bodyLimit: bytes that the body of an answer may have; 0 throws bodies away.
    ///   - reply: gets the index and the outcome of each call, once, as soon as it is over.
    public static func perform(
        _ calls: [HTTPCall], within milliseconds: UInt64, bodyLimit: Int, reply: (Int, HTTPReply) -> Void
    ) {
        precondition(calls.count <= limit)
        var isOpen = Set(calls.indices)
        var failure = "curl failed"
        do throws(Errno) {
            var outputs: [MemoryFile] = []
            var text = Array("no-progress-meter\nparallel\nparallel-immediate\n".utf8)
            for (number, call) in calls.enumerated() {
                if bodyLimit > 0 { outputs.append(try MemoryFile(named: "crier-answer")) }
                text += call.configuration(
                    number, output: bodyLimit > 0 ? firstOutput + number : nil, milliseconds: milliseconds,
                    bodyLimit: bodyLimit > 0 ? bodyLimit : 1 << 20)
            }
            let configuration = try MemoryFile(named: "crier-calls", contents: text)
            var line: [UInt8] = []
            // An answer without a length may exceed the limit: then writing it fails, and only its call.
            _ = try ChildProcess(
                "curl", ["--disable", "--config", "-"], input: configuration, passing: outputs,
                fileLimit: 2 * max(bodyLimit, 1 << 16), outputLimit: 1 << 20, within: milliseconds + 5000,
                watchError: { part in
                    for byte in part {
                        // Without a line feed, curl may show how far it is.
                        if byte == UInt8(ascii: "\r") { line = [] }
                        guard byte == UInt8(ascii: "\n") else {
                            line.append(byte)
                            continue
                        }
                        let text = String(decoding: line, as: UTF8.self)
                        line = []
                        guard let (number, answer) = read(text, outputs, limit: bodyLimit) else {
                            failure = text
                            continue
                        }
                        if isOpen.remove(number) != nil { reply(number, answer) }
                    }
                })
        } catch {
            failure = "curl cannot be run: \(error)"
        }
        for number in isOpen.sorted() { reply(number, .failed(failure)) }
    }

    /// Makes calls side by side, and waits for all of them.
    ///
    /// - Returns: the outcome of each call, in their order.
    public static func perform(_ calls: [HTTPCall], within milliseconds: UInt64, bodyLimit: Int) -> [HTTPReply] {
        var replies = Array(repeating: HTTPReply.failed("curl failed"), count: calls.count)
        perform(calls, within: milliseconds, bodyLimit: bodyLimit) { replies[$0] = $1 }
        return replies
    }

    /// Reads the line that curl writes about a call; nil for another line.
    private static func read(_ line: String, _ outputs: [MemoryFile], limit: Int) -> (Int, HTTPReply)? {
        let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, let number = Int(parts[0]), (0..<Self.limit).contains(number),
            let status = Int(parts[1]), Int(parts[2]) != nil
        else { return nil }
        guard parts[2] == "0", status > 0 else {
            return (number, .failed(parts[3].isEmpty ? "curl failed with \(parts[2])" : String(parts[3])))
        }
        guard limit > 0, outputs.indices.contains(number) else { return (number, .answered(status: status, body: [])) }
        let body = outputs[number].contents(limit: limit)
        return (number, body.map { .answered(status: status, body: $0) } ?? .failed("the answer is too long"))
    }
}
