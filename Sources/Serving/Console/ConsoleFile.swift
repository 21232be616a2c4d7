import Bytes

/// A file of the console, built into the binary.
struct ConsoleFile: Sendable {
    private let type: StaticString
    private let body: [UInt8]

    /// The console at `/`, or another file of it at `/console/NAME`; nil for another path.
    init?(path: ArraySlice<UInt8>) {
        if path.equals("/") {
            (type, body) = ("text/html; charset=utf-8", PackageResources.console_html)
            return
        }
        guard path.starts(with: "/console/") else { return nil }
        let name = String(decoding: path.dropFirst("/console/".utf8.count), as: UTF8.self)
        guard let found = Self.body(of: name) else { return nil }
        type = name.hasSuffix(".css") ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8"
        body = found
    }

    private static func body(of name: String) -> [UInt8]? {
        switch name {
        case "activity.js": PackageResources.activity_js
        case "api.js": PackageResources.api_js
        case "app.js": PackageResources.app_js
        case "bounded.js": PackageResources.bounded_js
        case "channel.js": PackageResources.channel_js
        case "channellist.js": PackageResources.channellist_js
        case "channels.js": PackageResources.channels_js
        case "chart.js": PackageResources.chart_js
        case "configuration.js": PackageResources.configuration_js
        case "console.css": PackageResources.console_css
        case "copy.js": PackageResources.copy_js
        case "dialog.js": PackageResources.dialog_js
        case "dom.js": PackageResources.dom_js
        case "eventstream.js": PackageResources.eventstream_js
        case "feed.js": PackageResources.feed_js
        case "figures.js": PackageResources.figures_js
        case "format.js": PackageResources.format_js
        case "gauges.js": PackageResources.gauges_js
        case "grant.js": PackageResources.grant_js
        case "json.js": PackageResources.json_js
        case "live.js": PackageResources.live_js
        case "overview.js": PackageResources.overview_js
        case "poll.js": PackageResources.poll_js
        case "publish.js": PackageResources.publish_js
        case "published.js": PackageResources.published_js
        case "publishform.js": PackageResources.publishform_js
        case "received.js": PackageResources.received_js
        case "router.js": PackageResources.router_js
        case "session.js": PackageResources.session_js
        case "sessions.js": PackageResources.sessions_js
        case "sessiontable.js": PackageResources.sessiontable_js
        case "shell.js": PackageResources.shell_js
        case "signin.js": PackageResources.signin_js
        case "start.js": PackageResources.start_js
        case "storage.js": PackageResources.storage_js
        case "stream.js": PackageResources.stream_js
        case "theme.js": PackageResources.theme_js
        case "token.js": PackageResources.token_js
        default: nil
        }
    }

    /// Text of an event cannot run code here, even if the console had a mistake: the page may use nothing but its own files.
    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    var answer: Answer {
        var answer = Answer(status: 200, type: type, body: body)
        answer.fields.append(("Content-Security-Policy", Self.policy))
        return answer
    }
}
