import Kernel
import SystemPackage

/// Runs curl for the requests that the daemon itself makes.
///
/// So the daemon needs no TLS client, and somebody else's server talks to another process, which ends after the answer.
public enum Curl {
    /// The most calls at a time.
    public static let limit = 50

    /// Makes calls side by side, and waits for all of them.
    ///
    /// - Parameters:
    ///   - calls: up to ``limit``.
    ///   - milliseconds: that each may take.
    ///   - bodyLimit: bytes that the body of an answer may have; 0 throws bodies away.
    /// - Returns: what came of each call, in their order.
    public static func perform(_ calls: [HTTPCall], within milliseconds: UInt64, bodyLimit: Int) -> [HTTPReply] {
        precondition(calls.count <= limit)
        do throws(Errno) {
            var outputs: [MemoryFile] = []
            var text = Array("parallel\nparallel-immediate\n".utf8)
            for (number, call) in calls.enumerated() {
                if bodyLimit > 0 { outputs.append(try MemoryFile(named: "crier-answer")) }
                text += call.configuration(
                    number, output: bodyLimit > 0 ? firstOutput + number : nil, milliseconds: milliseconds,
                    bodyLimit: max(bodyLimit, 1 << 20))
            }
            let configuration = try MemoryFile(named: "crier-calls")
            try configuration.append(text)
            try configuration.rewind()
            let curl = try ChildProcess(
                "curl", ["--disable", "--config", "-"], input: configuration, passing: outputs,
                fileLimit: max(bodyLimit, 1 << 16), outputLimit: 1 << 16, within: milliseconds + 5000)
            return replies(to: calls.count, curl, outputs, limit: bodyLimit)
        } catch {
            return Array(repeating: .failed("curl cannot be run: \(error)"), count: calls.count)
        }
    }

    /// The number of the first descriptor after the standard streams.
    private static let firstOutput = 3

    /// Reads the line that curl wrote for each call.
    private static func replies(
        to count: Int, _ curl: ChildProcess, _ outputs: [MemoryFile], limit: Int
    ) -> [HTTPReply] {
        let lines = String(decoding: curl.error, as: UTF8.self).split(separator: "\n")
        var replies = Array(repeating: HTTPReply.failed(lines.last.map(String.init) ?? "curl failed"), count: count)
        for line in String(decoding: curl.output, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count == 4, let number = Int(parts[0]), replies.indices.contains(number),
                let status = Int(parts[1])
            else { continue }
            guard parts[2] == "0", status > 0 else {
                replies[number] = .failed(parts[3].isEmpty ? "curl failed with \(parts[2])" : String(parts[3]))
                continue
            }
            let body = limit > 0 ? outputs[number].contents(limit: limit) : []
            replies[number] = body.map { .answered(status: status, body: $0) } ?? .failed("the answer is too long")
        }
        return replies
    }
}
