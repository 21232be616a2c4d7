import HTTPMessages

/// The result of the parser, as text.
func outcome(of pieces: [ArraySlice<UInt8>], limits: MessageLimits = MessageLimits()) -> String {
    var parser = RequestParser(limits: limits)
    var lines: [String] = []
    var body: [UInt8] = []
    for piece in pieces {
        let bytes = Array(piece)
        var offset = 0
        while true {
            do throws(Refusal) {
                switch try parser.next(bytes.span, &offset) {
                case .needsMore: break
                case .head(let head):
                    let path = String(decoding: head.target.path, as: UTF8.self)
                    let query = head.target.query.map { "?" + String(decoding: $0, as: UTF8.self) } ?? ""
                    lines.append("\(head.method) \(path)\(query) \(head.version) \(head.fields.count)")
                    continue
                case .body(let range):
                    body += bytes[range]
                    continue
                case .end:
                    lines.append("body \(String(decoding: body, as: UTF8.self)).")
                    body = []
                    continue
                }
            } catch {
                return (lines + ["refused \(error)"]).joined(separator: "\n")
            }
            break
        }
    }
    if !parser.isBetweenMessages { lines.append("unfinished") }
    return lines.joined(separator: "\n")
}

func outcome(of text: String, limits: MessageLimits = MessageLimits()) -> String {
    outcome(of: [Array(text.utf8)[...]], limits: limits)
}

/// Good requests and the expected result.
let goodRequests: [(String, String)] = [
    ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / http11 1\nbody ."),
    ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / http11 1\nbody ."),
    ("GET / HTTP/1.0\r\n\r\n", "GET / http10 0\nbody ."),
    ("GET / HTTP/1.7\r\nHost: a\r\n\r\n", "GET / http11 1\nbody ."),
    ("GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n", "GET /b?c http11 1\nbody ."),
    ("GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", "GET / http11 1\nbody ."),
    ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * http11 1\nbody ."),
    ("GET /a%20b?x=1&y HTTP/1.1\r\nhOsT:\ta \r\n\r\n", "GET /a%20b?x=1&y http11 1\nbody ."),
    ("GET / HTTP/1.1\r\nHost: [::1]:80\r\nX:\r\n\r\n", "GET / http11 2\nbody ."),
    ("GET / HTTP/1.1\r\nHost: a\r\nLast-Event-ID: …\r\n\r\n", "GET / http11 2\nbody ."),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "POST / http11 2\nbody hello."),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "POST / http11 2\nbody ."),
    ("POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi", "POST / http10 1\nbody hi."),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n00a \t;x=\"y\"\r\n, chunked!\r\n0\r\n\r\n",
        "POST / http11 2\nbody hello, chunked!."
    ),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n1\r\nx\r\n0\r\nTrailer: y\r\nB:\r\n\r\n",
        "POST / http11 2\nbody x."
    ),
    (
        "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nxGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /1 http11 1\nbody .\nPOST /2 http11 2\nbody x.\nGET /3 http11 1\nbody ."
    ),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel", "POST / http11 2\nunfinished"),
    ("GET / HT", "unfinished"),
    ("", ""),
]

/// Bad requests and why they are refused.
let badRequests: [(String, Refusal)] = [
    ("GET / HTTP/1.1\nHost: a\n\n", .bareLineFeed),
    ("GET / HTTP/1.1\r\nHost: a\n\r\n", .bareLineFeed),
    ("GET / HTTP/1.1\rHost: a\r\r", .bareCarriageReturn),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", .bareCarriageReturn),
    ("GET / HTTP/1.1\r\nHost: a\0\r\n\r\n", .nul),
    ("\u{16}\u{3}\u{1}\0", .nul),
    ("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", .badRequestLine),
    ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", .badRequestLine),
    ("GET\r\nHost: a\r\n\r\n", .badRequestLine),
    ("GET /\r\n\r\n", .badRequestLine),
    (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", .badRequestLine),
    (String(repeating: "x", count: 33), .badRequestLine),
    ("G@T / HTTP/1.1\r\nHost: a\r\n\r\n", .badMethod),
    ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", .badTarget),
    ("GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", .badTarget),
    ("GET /é HTTP/1.1\r\nHost: a\r\n\r\n", .badTarget),
    ("GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n", .badTarget),
    ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", .badTarget),
    ("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", .badTarget),
    ("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", .badTarget),
    ("GET / http/1.1\r\nHost: a\r\n\r\n", .badVersion),
    ("GET / HTTP/1.10\r\nHost: a\r\n\r\n", .badVersion),
    ("GET / HTTP/11\r\nHost: a\r\n\r\n", .badVersion),
    ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", .unsupportedVersion),
    ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", .unsupportedVersion),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .http2Preface),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", .obsoleteFolding),
    ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", .obsoleteFolding),
    ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", .spaceBeforeColon),
    ("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", .badFieldName),
    ("GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", .badFieldName),
    ("GET / HTTP/1.1\r\nHost: a\r\nX(y): z\r\n\r\n", .badFieldName),
    ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{7}\r\n\r\n", .badFieldValue),
    ("GET / HTTP/1.1\r\n\r\n", .missingHost),
    ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .repeatedHost),
    ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", .repeatedHost),
    ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", .badHost),
    ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .badHost),
    ("GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", .badHost),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", .badContentLength),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n", .badContentLength),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n", .badContentLength),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", .badContentLength),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", .repeatedContentLength),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", .repeatedContentLength),
    (
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        .lengthAndTransferEncoding
    ),
    ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingInHTTP10),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", .badTransferEncoding),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", .badTransferEncoding),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", .badTransferEncoding),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", .badTransferEncoding),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", .unsupportedTransferEncoding),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n", .bodyTooLarge),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n", .bodyTooLarge),
    ("GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n", .unsupportedExpectation),
    (chunked("10000000000000000\r\n"), .badChunkSize),
    (chunked("8000000000000000\r\n"), .badChunkSize),
    (chunked("\r\n"), .badChunkSize),
    (chunked("x\r\n"), .badChunkSize),
    (chunked("-1\r\n"), .badChunkSize),
    (chunked("0x1\r\n"), .badChunkSize),
    (chunked("00000000000000001\r\n"), .badChunkSize),
    (chunked("100001\r\n"), .bodyTooLarge),
    (chunked("1\nx"), .badChunkSize),
    (chunked("1;a\nx"), .bareLineFeed),
    (chunked("1\rx"), .bareCarriageReturn),
    (chunked("1;" + String(repeating: "x", count: 300)), .chunkExtensionTooLong),
    (chunked("1\r\nxy"), .badChunkEnd),
    (chunked("1\r\nx\n"), .badChunkEnd),
    (chunked("1\r\nx\rx"), .badChunkEnd),
    (chunked("0\r\n\n"), .bareLineFeed),
    (chunked("0\r\nno colon\r\n"), .badTrailer),
    (chunked("0\r\n folded: x\r\n"), .badTrailer),
    (chunked("0\r\nX: " + String(repeating: "x", count: 1100)), .trailerTooLarge),
]

private func chunked(_ body: String) -> String {
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body
}
