import Glibc
import HTTPMessages
import Subprocess
import SystemPackage
import Testing
import TimeLimits

/// Compares the parser with h11, a well-known one in Python, over the same corpus. The lists below contain all
/// differences with their reasons; a difference that is not listed, or no longer exists, fails the test.
@Suite(.endsInTime()) struct `Compared with h11, the request parser` {
    /// Requests that crier accepts and h11 refuses, by a part of the request.
    private static let looser = [
        "\r\n\r\nGET / HTTP/1.1": "blank lines before a request, which a server should ignore (RFC 9112 section 2.2)",
        "00a \t;":
            "a tab before a chunk extension: bad white space, which a recipient must skip (RFC 9112 section 7.1.1)",
    ]

    /// Requests that crier refuses and h11 accepts.
    private static let stricter: [Refusal: String] = [
        .bareLineFeed:
            "h11 takes a bare LF for a line end, as RFC 9112 section 2.2 allows; a proxy that does not would see other messages",
        .repeatedContentLength: "h11 accepts equal ones, as RFC 9112 section 6.3 allows; no honest client sends them",
        .badContentLength: "h11 accepts a list of equal numbers; see above",
        .badFieldValue:
            "h11 passes control characters other than CR, LF and NUL on; RFC 9110 section 5.5 calls them invalid",
        .badHost: "h11 does not look at the value of Host",
        .badTarget: "h11 takes any visible characters for a target, CONNECT's too, which is of no use here",
        .unsupportedVersion: "h11 reads HTTP/2.0 and leaves it to its user",
        .bodyTooLarge: "a limit of crier's, which h11 leaves to its user",
        .unsupportedExpectation: "h11 leaves it to its user",
        .obsoleteFolding: "h11 unfolds, which RFC 9112 section 5.2 allows, but not before the first field",
        .transferEncodingInHTTP10: "h11 ignores it, as RFC 7230 did; RFC 9112 section 6.1 calls it faulty framing",
        .lengthAndTransferEncoding: "h11 believes Transfer-Encoding, as RFC 9112 section 6.3 allows",
        .chunkExtensionTooLong: "a limit of crier's",
        .badTrailer: "h11 has the same rule, and waits for the blank line before it looks",
        .trailerTooLarge: "a limit of crier's",
        .badChunkSize: "h11 waits for the whole line before it looks at it, and accepts twenty digits",
        .badRequestLine: "crier refuses a method without an end; h11 waits for it",
        .bareCarriageReturn: "h11 waits for the line to end, and a chunk size line may then be cut at the CR",
    ]

    @Test func `agrees on good requests, refuses all that h11 refuses, and differs only as listed`()
        async throws
    {
        let theirs = try await Self.judge(goodRequests.map(\.0) + badRequests.map(\.0))
        for ((text, _), verdict) in zip(goodRequests, theirs) {
            let expected = Self.looser.contains { text.contains($0.key) } ? "refused" : Self.ours(text)
            #expect(verdict == expected, "\(text.debugDescription)")
        }
        var differences: Set<Refusal> = []
        for ((text, refusal), verdict) in zip(badRequests, theirs.dropFirst(goodRequests.count))
        where verdict != "refused" {
            differences.insert(refusal)
            #expect(Self.stricter[refusal] != nil, "h11 says \(verdict) to \(text.debugDescription)")
        }
        for unlike in differences.symmetricDifference(Self.stricter.keys) {
            #expect(Bool(false), "listed and not found, or found and not listed: \(unlike)")
        }
    }

    /// The parsed requests, in the format of the script below.
    private static func ours(_ text: String) -> String {
        let lines = outcome(of: text).split(separator: "\n").filter { $0 != "unfinished" }
        return lines.map { $0.hasPrefix("body ") ? String($0) : $0.split(separator: " ").first.map(String.init) ?? "" }
            .joined(separator: "|")
    }

    private static func judge(_ corpus: [String]) async throws -> [String] {
        let python = try #require(
            unsafe getenv("TEST_PYTHON").map { unsafe String(cString: $0) },
            "`make unit` sets TEST_PYTHON to a Python that has h11; one without would end before it has read its input")
        let input = corpus.map { $0.utf8.map { String($0, radix: 16) }.joined(separator: " ") + "\n" }.joined()
        let result = try await run(
            .path(FilePath(python)), arguments: ["-c", script], input: .string(input), output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 16))
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
        return result.standardOutput.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(
            String.init)
    }

    /// Prints a line for each request of the corpus: the result of h11, or `refused`.
    private static let script = """
        import sys, h11
        for line in sys.stdin:
            connection = h11.Connection(h11.SERVER, max_incomplete_event_size=16384)
            data = bytes(int(byte, 16) for byte in line.split())
            if data:
                connection.receive_data(data)
            found, body = [], b''
            try:
                while (event := connection.next_event()) is not h11.NEED_DATA:
                    if event is h11.PAUSED:
                        connection.send(h11.Response(status_code=200, headers=[('Content-Length', '0')]))
                        connection.send(h11.EndOfMessage())
                        connection.start_next_cycle()
                    elif isinstance(event, h11.Request):
                        found.append(event.method.decode())
                    elif isinstance(event, h11.Data):
                        body += bytes(event.data)
                    elif isinstance(event, h11.EndOfMessage):
                        found.append('body ' + body.decode() + '.')
                        body = b''
                print('|'.join(found))
            except h11.RemoteProtocolError:
                print('refused')
            except h11.LocalProtocolError:
                print('|'.join(found))  # after CONNECT the connection is no longer HTTP
        """
}
