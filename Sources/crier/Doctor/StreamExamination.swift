import Kernel

/// Subscribes through everything that lies between here and the daemon, and looks at what arrives, and when.
struct StreamExamination {
    let url: String
    /// The fields of every request: the token.
    let fields: [CurlProbe.Field]
    /// The origin of the page that wants to subscribe; nil to leave that out.
    let origin: String?
    /// Seconds to wait on a silent stream.
    let wait: Int

    /// Milliseconds within which an event must come.
    private static let patience: UInt64 = 1000
    /// Seconds for requests that are answered at once.
    private static let short = 3

    private var accept: CurlProbe.Field { ("Accept", "text/event-stream") }
    private var originField: [CurlProbe.Field] { origin.map { [("Origin", $0)] } ?? [] }

    /// Everything that it finds.
    func findings() throws(ClientFailure) -> [Finding] {
        var published: (time: UInt64, answer: CurlProbe)?
        var arrival: UInt64?
        let marker = "crier-doctor-\(UInt64.random(in: .min ... .max))"
        var failure: ClientFailure?
        let stream = try CurlProbe(url, fields: fields + originField + [accept], seconds: wait) { body, now in
            if body.contains(marker), arrival == nil { arrival = now }
            guard published == nil, body.contains(":ok") else { return true }
            do throws(ClientFailure) {
                let answer = try CurlProbe(url, method: "POST", body: marker, fields: fields, seconds: Self.short)
                // The time until the answer counts too: nobody can see when the daemon has taken the event.
                published = (now, answer)
            } catch {
                failure = error
            }
            return failure == nil
        }
        if let failure { throw failure }
        guard let status = stream.status else { return [unreachable(stream)] }
        var findings = [Finding(.connection, .ok, "The server answers with HTTP/\(stream.version).")]
        findings += certificate(stream)
        guard status == 200 else { return findings + [refused(status, stream)] }
        findings.append(Finding(.status, .ok, "The subscription is answered with 200."))
        findings.append(type(stream))
        findings.append(buffering(stream, published, arrival: arrival))
        findings.append(try compression())
        findings += try originFindings(stream)
        findings.append(try position())
        findings.append(timeout(stream))
        findings.append(connections(stream))
        findings.append(clock(stream))
        return findings
    }

    // MARK: The connection

    private func unreachable(_ probe: CurlProbe) -> Finding {
        // curl's exit codes for certificates.
        if [35, 51, 58, 60, 77, 83, 91].contains(probe.code) {
            return Finding(
                .certificate, .failed, "The certificate is not accepted: \(probe.problem).",
                fix:
                    "Give the proxy a certificate for this name with its whole chain (fullchain.pem), and renew it in time."
            )
        }
        if probe.code == 28 {
            return Finding(
                .buffering, .failed, "Nothing of the answer has come within \(wait) s.",
                fix:
                    "Let the proxy pass on answers as they come. nginx: proxy_buffering off; HAProxy, Varnish, Apache: see "
                    + "docs/proxies.md.")
        }
        return Finding(
            .connection, .failed, "There is no answer: \(probe.problem.isEmpty ? "curl failed" : probe.problem).",
            fix: "Check the name and the port, and whether the proxy and the daemon run (systemctl status crier).")
    }

    private func certificate(_ probe: CurlProbe) -> [Finding] {
        guard let end = probe.certificateEnd else { return [] }
        guard let days = CertificateDate.days(until: end) else {
            return [Finding(.certificate, .ok, "The certificate is accepted; it ends at \(end).")]
        }
        if days < 14 {
            return [
                Finding(
                    .certificate, .warning, "The certificate ends in \(days) days.",
                    fix: "Renew it, and see to it that it is renewed by itself (certbot renew, or Caddy).")
            ]
        }
        return [Finding(.certificate, .ok, "The certificate is accepted, and ends in \(days) days.")]
    }

    private func refused(_ status: Int, _ probe: CurlProbe) -> Finding {
        let detail = ProblemDocument.field("detail", of: probe.body).map { ": \($0)" } ?? "."
        let fix =
            switch status {
            case 301, 302, 303, 307, 308:
                "Use the address that the answer names: \(probe.field("location") ?? "Location is missing")."
            case 401, 403: "Give a token that may subscribe to this channel: --token-file."
            case 404:
                "Name a channel: https://host/events/CHANNEL. If you did, the proxy or the listener does not pass it on (roles of "
                    + "the [[listen]], location of the proxy)."
            case 421: "Add the name to hosts of the [[listen]]: hosts = [\"…\"]."
            case 502, 503, 504:
                "The proxy does not reach the daemon: check its address in the proxy, and systemctl status crier."
            default: "Look into the log of the proxy, and into journalctl -u crier."
            }
        return Finding(.status, .failed, "The subscription is answered with \(status)\(detail)", fix: fix)
    }

    // MARK: The stream

    private func type(_ probe: CurlProbe) -> Finding {
        let type = probe.field("content-type") ?? "none"
        let name = type.split(separator: ";").first.map { String($0).lowercased() } ?? ""
        guard name == "text/event-stream" else {
            return Finding(
                .type, .failed,
                "The Content-Type is \(type). An EventSource gives up on anything but text/event-stream.",
                fix:
                    "Let the proxy pass on the type of crier. nginx: no default_type, add_header or proxy_hide_header for "
                    + "Content-Type.")
        }
        return Finding(.type, .ok, "The Content-Type is \(type).")
    }

    private func buffering(
        _ probe: CurlProbe, _ published: (time: UInt64, answer: CurlProbe)?, arrival: UInt64?
    ) -> Finding {
        let fix =
            "Let the proxy pass on answers as they come. nginx: proxy_buffering off (or do not ignore X-Accel-Buffering); "
            + "Apache: flushpackets=on; Varnish: return (pipe). docs/proxies.md has tested configurations."
        guard let published else {
            return Finding(
                .buffering, .failed,
                "The first line of the stream has not come within \(wait) s: something holds it back.",
                fix: fix)
        }
        guard published.answer.status == 200 else {
            let status = published.answer.status.map { "with \($0)" } ?? "not at all"
            return Finding(
                .buffering, .ok,
                "The first line of the stream comes at once. Events could not be timed: a publish is answered \(status)."
            )
        }
        guard let arrival else {
            return Finding(.buffering, .failed, "An event has not come within \(wait) s.", fix: fix)
        }
        // The answer to the publish may have come after the event.
        let delay = arrival > published.time ? arrival - published.time : 0
        guard delay <= Self.patience else {
            return Finding(.buffering, .failed, "An event has taken \(delay) ms.", fix: fix)
        }
        return Finding(.buffering, .ok, "An event has taken \(delay) ms, with its publish.")
    }

    private func compression() throws(ClientFailure) -> Finding {
        let encodings: CurlProbe.Field = ("Accept-Encoding", "gzip, deflate, br, zstd")
        let probe = try CurlProbe(url, fields: fields + [accept, encodings], seconds: Self.short) { body, _ in
            body.isEmpty
        }
        let fix =
            "Compress everything but event streams. nginx: gzip off in the location, or no text/event-stream in gzip_types."
        if let encoding = probe.field("content-encoding"), encoding != "identity" {
            return Finding(
                .compression, .failed,
                "Something compresses the stream (\(encoding)). It waits for more bytes than an event has.", fix: fix)
        }
        guard probe.status != nil else {
            return Finding(
                .compression, .failed,
                "For a client that accepts compression no answer has come within \(Self.short) s.",
                fix: fix)
        }
        return Finding(.compression, .ok, "Nothing compresses the stream.")
    }

    private func timeout(_ probe: CurlProbe) -> Finding {
        let seconds = probe.endTime / 1000
        let lines = probe.body.split(separator: "\n").filter { $0 == ":" }.count
        // An event does what a heartbeat does.
        let events = probe.body.split(separator: "\n").filter { $0.hasPrefix("data:") }.count - 1
        guard probe.wasCut else {
            guard lines > 0 || events > 0 else {
                return Finding(
                    .timeout, .warning, "The stream has stayed open for \(seconds) s, but without a heartbeat.",
                    fix: "Wait for longer than server.heartbeat (15s): --wait 20.")
            }
            return Finding(
                .timeout, .ok,
                "The stream has stayed open for \(seconds) s, with \(lines) heartbeat\(lines == 1 ? "" : "s")"
                    + (events > 0 ? " and events of others." : "."))
        }
        let why =
            lines == 0
            ? "before the first heartbeat: a time-out is shorter than server.heartbeat" : "in spite of heartbeats"
        return Finding(
            .timeout, .failed, "Something has cut the stream after \(seconds) s, \(why).",
            fix:
                "Raise the time-out of the proxy above server.heartbeat (nginx: proxy_read_timeout 1h; HAProxy: timeout server "
                + "and timeout tunnel; Varnish: between_bytes_timeout), or lower server.heartbeat.")
    }

    private func connections(_ probe: CurlProbe) -> Finding {
        guard probe.version.hasPrefix("1") else {
            return Finding(
                .connections, .ok, "With HTTP/\(probe.version) all streams of a browser share one connection.")
        }
        return Finding(
            .connections, .warning,
            "With HTTP/\(probe.version) a browser opens six connections to a host at most, in all tabs together.",
            fix:
                "Let the proxy speak HTTP/2 to browsers (nginx: http2 on, with TLS), and subscribe to several channels on one "
                + "connection.")
    }

    // MARK: Requests of their own

    private func originFindings(_ probe: CurlProbe) throws(ClientFailure) -> [Finding] {
        guard let origin else {
            return [Finding(.origin, .skipped, "Pages of other origins were not looked at: name one with --origin.")]
        }
        let allowed = probe.field("access-control-allow-origin")
        let fix =
            "Add the origin to origins of the [[listen]]: origins = [\"\(origin)\"], and let the proxy pass on Origin."
        guard allowed == origin || allowed == "*" else {
            let found = allowed.map { "allows \($0)" } ?? "has no Access-Control-Allow-Origin"
            return [
                Finding(.origin, .failed, "A page of \(origin) may not read the stream: the answer \(found).", fix: fix)
            ]
        }
        if probe.fields.count(where: { $0.name == "access-control-allow-origin" }) > 1 {
            return [
                Finding(
                    .origin, .failed, "The answer has Access-Control-Allow-Origin twice, which browsers refuse.",
                    fix: "Let either the proxy or crier set it, not both.")
            ]
        }
        let preflight = try CurlProbe(
            url, method: "OPTIONS",
            fields: [
                ("Origin", origin), ("Access-Control-Request-Method", "GET"),
                ("Access-Control-Request-Headers", "authorization,last-event-id"),
            ], seconds: Self.short)
        guard let status = preflight.status, (200..<300).contains(status),
            preflight.field("access-control-allow-origin") != nil
        else {
            return [
                Finding(
                    .origin, .failed,
                    "A preflight of \(origin) is refused, which fetch with a token and reconnects need.",
                    fix: "Let the proxy pass on OPTIONS.")
            ]
        }
        return [Finding(.origin, .ok, "A page of \(origin) may read the stream.")]
    }

    private func position() throws(ClientFailure) -> Finding {
        let position: CurlProbe.Field = ("Last-Event-ID", "crier-doctor")
        let probe = try CurlProbe(url, fields: fields + [accept, position], seconds: Self.short) { body, _ in
            !(body.contains("event: crier.gap") && body.contains("crier-doctor"))
        }
        guard probe.body.contains("event: crier.gap") else {
            return Finding(
                .position, .failed, "Last-Event-ID does not reach the daemon: a browser that reconnects misses events.",
                fix: "Let the proxy pass on the field Last-Event-ID, and never answer a subscription from a cache.")
        }
        return Finding(.position, .ok, "Last-Event-ID reaches the daemon, so a client that reconnects resumes.")
    }

    private func clock(_ probe: CurlProbe) -> Finding {
        guard let date = probe.field("date"), let time = HTTPDate.seconds(date) else {
            return Finding(.clock, .skipped, "The answer has no Date to compare the clocks with.")
        }
        let skew = abs(probe.headDate - time)
        guard skew > 5 else {
            return Finding(.clock, .ok, "The clocks of the server and of this machine agree within \(max(1, skew)) s.")
        }
        return Finding(
            .clock, skew > 30 ? .failed : .warning, "The clocks of the server and of this machine differ by \(skew) s.",
            fix: "Synchronise both (timedatectl set-ntp true): tokens begin and end by the clock.")
    }
}
