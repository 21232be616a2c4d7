import Bytes

/// The files of the page at `/`, built into the binary.
enum Page: Sendable {
    case html, style, script

    init?(path: ArraySlice<UInt8>) {
        if path.equals("/") {
            self = .html
        } else if path.equals("/page.css") {
            self = .style
        } else if path.equals("/page.js") {
            self = .script
        } else {
            return nil
        }
    }

    var answer: Answer {
        var answer: Answer =
            switch self {
            case .html: Answer(status: 200, type: "text/html; charset=utf-8", body: PackageResources.page_html)
            case .style: Answer(status: 200, type: "text/css; charset=utf-8", body: PackageResources.page_css)
            case .script: Answer(status: 200, type: "text/javascript; charset=utf-8", body: PackageResources.page_js)
            }
        // Without foreign or inline scripts an event cannot run code here, even if the page had a mistake.
        answer.fields.append(
            ("Content-Security-Policy", "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'"))
        return answer
    }
}
