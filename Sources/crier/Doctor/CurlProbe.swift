import Curl
import Kernel
import SystemPackage

/// A request by curl, which speaks TLS and HTTP/2 as a browser does, and when each part of the answer came.
struct CurlProbe {
    /// The name and the value of a field.
    typealias Field = (name: String, value: String)

    /// curl's exit code when it has waited for long enough.
    private static let waitedEnough = 28

    /// The status; nil without an answer.
    private(set) var status: Int?
    /// The fields, with names in lower case.
    private(set) var fields: [Field] = []
    /// The body, as text.
    private(set) var body = ""
    /// `1.1`, `2` or `3`.
    private(set) var version = ""
    /// curl's exit code, and what it says about it.
    private(set) var code = 0
    private(set) var problem = ""
    /// When the certificate ends, as curl writes it; nil without one.
    private(set) var certificateEnd: String?
    /// Milliseconds from the start to the head, and to the end.
    private(set) var headTime: UInt64?
    private(set) var endTime: UInt64 = 0
    /// Seconds since 1970 when the head came.
    private(set) var headDate = 0

    /// Sends a request and waits for its end, or for `seconds`.
    ///
    /// - Parameter watch: gets the body so far, as text, and the milliseconds since the start, whenever more has come. It
    ///   returns whether to wait for more.
    init(
        _ url: String, method: String = "GET", body: String? = nil, fields: [Field] = [], seconds: Int,
        watch: (String, UInt64) -> Bool = { _, _ in true }
    ) throws(ClientFailure) {
        var options = [("url", url), ("request", method), ("max-time", "\(seconds)")]
        options += fields.map { ("header", "\($0.name): \($0.value)") }
        if let body { options.append(("data-binary", body)) }
        var configuration = Array("silent\nshow-error\nno-buffer\ninclude\ngloboff\n".utf8)
        for (name, value) in options { configuration += Curl.option(name, Array(value.utf8)) }
        // To standard error, so that standard output has nothing but the answer.
        let report = "%{stderr}\\n\(Self.mark) %{http_version} %{exitcode} %{errormsg}\\n%{certs}"
        configuration += Array("write-out = \"\(report)\"\n".utf8)
        let start = Clock.monotonic
        var head: UInt64?
        var date = 0
        var text: [UInt8] = []
        do throws(Errno) {
            let input = try MemoryFile(named: "crier-doctor", contents: configuration)
            let curl = try ChildProcess(
                "curl", ["--disable", "--config", "-"], input: input, outputLimit: 1 << 20,
                within: UInt64(seconds) * 1000 + 5000
            ) { part in
                text += part
                let now = Clock.monotonic - start
                if head == nil { (head, date) = (now, Int(Clock.realtime / 1000)) }
                // Enough for every finding; a busy channel may send much more.
                return text.count < Self.enough && watch(Self.split(text).body, now)
            }
            read(curl, text)
        } catch {
            throw .unreachable("curl cannot be run: \(error)")
        }
        headTime = status == nil ? nil : head
        headDate = date
        endTime = Clock.monotonic - start
    }

    private static let mark = "crier-doctor"
    private static let enough = 256 << 10

    private mutating func read(_ curl: ChildProcess, _ text: [UInt8]) {
        let (head, body) = Self.split(text)
        self.body = body
        for (index, line) in head.split(whereSeparator: \.isNewline).enumerated() {
            if index == 0 {
                let parts = line.split(separator: " ")
                version = parts.first.map { String($0.dropFirst("HTTP/".count)) } ?? ""
                status = parts.count > 1 ? Int(parts[1]) : nil
            } else if let colon = line.firstIndex(of: ":") {
                let value = line[line.index(after: colon)...].drop { $0 == " " }
                fields.append((line[..<colon].lowercased(), String(value)))
            }
        }
        for line in String(decoding: curl.error, as: UTF8.self).split(separator: "\n") {
            if line.hasPrefix("\(Self.mark) ") {
                let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
                code = Int(parts[2]) ?? 0
                problem = parts.count > 3 ? String(parts[3]) : ""
            } else if certificateEnd == nil, line.hasPrefix("Expire date:") {
                certificateEnd = String(line.dropFirst("Expire date:".count))
            }
        }
        // The caller has seen enough.
        if curl.code == nil, code == 0 { code = Self.waitedEnough }
    }

    /// The head of the last answer, and its body. An interim answer (100) comes before it.
    private static func split(_ text: [UInt8]) -> (head: String, body: String) {
        let all = String(decoding: text, as: UTF8.self)
        guard let end = all.firstRange(of: "\r\n\r\n") else { return (all, "") }
        let (head, rest) = (String(all[..<end.lowerBound]), String(all[end.upperBound...]))
        let isInterim = head.split(separator: " ").dropFirst().first?.hasPrefix("1") ?? false
        return isInterim ? split(Array(rest.utf8)) : (head, rest)
    }

    /// The value of the first field with a name.
    func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }

    /// Whether the server ended the answer before curl had waited for long enough.
    var wasCut: Bool { code != Self.waitedEnough }
}
