import ArgumentParser
import Configuring
import FoundationEssentials
import Kernel

/// `crier doctor`
struct Doctor: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find out what stands between browsers and a daemon.",
        discussion: """
            Subscribes to a channel as a browser does, through every proxy on the way, and says what would break event streams \
            there, and how to mend it: buffering, compression, a wrong type, time-outs, missing origins, certificates, clocks. \
            If it may, it publishes one event to the channel to time it.

              crier doctor https://events.example/events/test --origin https://app.example

            With the address of this machine it also looks at the limits of the daemon here. It needs curl.

            Exit codes: 0 nothing fails; 1 something does; 2 curl cannot be run; 64 wrong usage.
            """)

    @Option(help: "The origin of a page that wants to subscribe, such as https://app.example.")
    var origin: String?

    @Option(help: "Seconds to wait on the silent stream, longer than server.heartbeat; 2 to 3600.")
    var wait = 20

    @Option(help: "The file with a token for the channel.")
    var tokenFile: String?

    @Flag(help: "Print the findings as a JSON object.")
    var json = false

    @Argument(help: "The URL of a channel: https://host/events/CHANNEL. Without a path: the channel crier-doctor.")
    var url: String

    func validate() throws {
        guard (2...3600).contains(wait) else { throw ValidationError("--wait is 2 to 3600 seconds.") }
        guard !address.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw ValidationError("The URL has a space or a control character.")
        }
        guard rest.contains("/") || !rest.contains("?") else {
            throw ValidationError("The URL has a query and no path.")
        }
    }

    /// The URL with its scheme.
    private var full: String { url.contains("://") ? url : "http://\(url)" }

    /// The part after the scheme.
    private var rest: Substring { full[(full.firstRange(of: "://")?.upperBound ?? full.startIndex)...] }

    /// The URL of a channel.
    private var address: String {
        guard let slash = rest.firstIndex(of: "/"), slash != rest.indices.last else {
            return full + (full.last == "/" ? "" : "/") + "events/crier-doctor"
        }
        return full
    }

    /// Whether the URL names this machine.
    private var isLocal: Bool {
        let authority = rest.prefix { $0 != "/" }
        let host =
            authority.hasPrefix("[") ? authority.prefix { $0 != "]" }.dropFirst() : authority.prefix { $0 != ":" }
        return host == "localhost"
            || (try? ListenAddress("\(host.contains(":") ? "[\(host)]" : host):1"))?.isLocal == true
    }

    func run() throws {
        Signals.ignoreBrokenPipe()
        try AdminRequest.run {
            if !json, Terminal.isOutput { StandardIO.write("Waiting for \(wait) s on \(address) …\n") }
            var fields: [CurlProbe.Field] = []
            if let token = tokenFile.map({ ClientToken.file($0) }) {
                fields.append(("Authorization", "Bearer \(try token.text())"))
            }
            let stream = StreamExamination(url: address, fields: fields, origin: origin, wait: wait)
            var findings = try stream.findings()
            findings +=
                isLocal ? MachineExamination().findings() : [Self.elsewhere(.descriptors), Self.elsewhere(.backlog)]
            try report(findings)
            if findings.contains(where: { $0.status == .failed }) { throw ExitCodes.refused }
        }
    }

    private static func elsewhere(_ check: Finding.Check) -> Finding {
        Finding(check, .skipped, "The limits of another machine cannot be seen: run this there, with its own address.")
    }

    private func report(_ findings: [Finding]) throws {
        guard json else {
            return StandardIO.write(findings.map { Self.text($0, isColoured: Self.isColoured) }.joined())
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        StandardIO.write(Array(try encoder.encode(Report(url: address, findings: findings))) + [0x0A])
    }

    private struct Report: Encodable {
        let url: String
        let findings: [Finding]
    }

    private static var isColoured: Bool { Terminal.isOutput && Environment["NO_COLOR"] == nil }

    private static func text(_ finding: Finding, isColoured: Bool) -> String {
        let (colour, word) =
            switch finding.status {
            case .ok: (32, "ok")
            case .warning: (33, "warning")
            case .failed: (31, "failed")
            case .skipped: (2, "skipped")
            }
        let padded = word + String(repeating: " ", count: 8 - word.count)
        let status = isColoured ? "\u{1B}[\(colour)m\(padded)\u{1B}[0m" : padded
        let name = finding.check.rawValue
        let line =
            "\(status) \(name)\(String(repeating: " ", count: 12 - name.count)) \(Table.printable(finding.sentence))\n"
        return line + (finding.fix.map { "\(String(repeating: " ", count: 22))\(Table.printable($0))\n" } ?? "")
    }
}
