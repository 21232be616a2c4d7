import Broadcasting
import EventStreams
import HTTPMessages
import Testing
import TimeLimits

@testable import Serving

@Suite(.endsInTime()) struct `The router` {
    private func route(
        _ line: String, _ fields: [String] = [], roles: Roles = [.subscribe, .publish, .admin], host: String = "h:80",
        hosts: HostRules = HostRules([], isLoopback: false), origins: OriginRules = OriginRules()
    ) throws -> Route {
        let text = "\(line) HTTP/1.1\r\nHost: \(host)\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        var parser = RequestParser()
        var offset = 0
        let bytes = Array(text.utf8)
        guard case .head(let head) = try parser.next(bytes.span, &offset) else { throw Refusal.badRequestLine }
        return Router(
            roles: roles, hosts: hosts, origins: origins, allowsQueryToken: false,
            nameLimits: NameLimits(channels: 3, segments: 4), now: 0,
            clockAhead: 0
        ).route(head)
    }

    private func refused(_ line: String, _ fields: [String] = [], roles: Roles = [.subscribe, .publish, .admin]) throws
        -> Int?
    {
        if case .problem(let problem) = try route(line, fields, roles: roles) { problem.status } else { nil }
    }

    private func subscription(_ line: String, _ fields: [String] = []) throws -> SubscriptionRequest? {
        if case .subscribe(let request, _, _) = try route(line, fields) { request } else { nil }
    }

    private let sized = ["Content-Length: 5"]

    @Test(arguments: [
        ("/events/news", ["news"]), ("/events/news/eu", ["news/eu"]), ("/events/news%2Feu", ["news/eu"]),
        ("/events?channel=a&channel=b%2Fc", ["a", "b/c"]), ("/events/%C3%BC", ["ü"]), ("/events/a+b", ["a+b"]),
        ("/events?channel=a+b&_=123", ["a b"]),
    ])
    func `finds the channels of a subscription`(_ target: String, _ channels: [String]) throws {
        #expect(try subscription("GET \(target)")?.channels.map(\.description) == channels)
    }

    @Test(arguments: ["lastEventId", "lastEventID", "last-event-id", "last_event_id"])
    func `takes the position from the field, or else from the query in four spellings`(_ name: String) throws {
        #expect(try subscription("GET /events/a?\(name)=k-1")?.lastEventID == Array("k-1".utf8))
        #expect(try subscription("GET /events/a?\(name)=k-1", ["Last-Event-ID: k-2"])?.lastEventID == Array("k-2".utf8))
        #expect(try subscription("GET /events/a?\(name)=")?.lastEventID == nil)
        #expect(try subscription("GET /events/a", ["Last-Event-ID:"])?.lastEventID == nil)
    }

    @Test(arguments: ["text/event-stream", "*/*", "text/*", "text/html, text/event-stream;q=0.5", ""])
    func `subscribes a client that accepts an event stream`(_ accept: String) throws {
        #expect(try subscription("GET /events/a", accept.isEmpty ? [] : ["Accept: \(accept)"]) != nil)
    }

    @Test func `refuses each mistake with its status`() throws {
        #expect(try refused("GET /events/a", ["Accept: text/html"]) == 406)
        #expect(try refused("GET /events") == 400)
        #expect(try refused("GET /events/") == 400)
        #expect(try refused("GET /events/a?channel=b") == 400)
        #expect(try refused("GET /events/a//b") == 400)
        #expect(try refused("GET /events/a*") == 400)
        #expect(try refused("GET /events/%zz") == 400)
        #expect(try refused("GET /events/a?x=%z") == 400)
        #expect(try refused("GET /events/%FF") == 400)
        #expect(try refused("GET /events?channel=a&channel=b&channel=c&channel=d") == 400)
        #expect(try refused("PUT /events/a", sized) == 405)
        #expect(try refused("DELETE /events/a") == 405)
        #expect(try refused("POST /healthz", sized) == 405)
        #expect(try refused("POST /channels/a", sized) == 405)
        #expect(try refused("GET /nothing") == 404)
        #expect(try refused("GET /%65vents/a") == 404)
        #expect(try refused("GET /%63hannels") == 404)
        #expect(try refused("GET /events/a?replya=20") == 400)
        #expect(try refused("GET /events/a?data=hello") == 400)
        #expect(try refused("HEAD /events/a?x") == 400)
        #expect(try refused("GET /channels?x=1") == 400)
        #expect(try refused("POST /events/a", sized + ["Content-Type: multipart/form-data; boundary=x"]) == 415)
        #expect(try refused("POST /events/a", sized + ["Content-Type: application/x-www-form-urlencoded"]) == nil)
        #expect(try refused("GET /eventsx") == 404)
        #expect(try refused("POST /events/a") == 411)
        #expect(try refused("POST /events/$crier/a", sized) == 403)
        #expect(try refused("POST /events/a?evnt=x", sized) == 400)
        #expect(try refused("POST /events/a?event=%0A", sized) == 400)
        #expect(try refused("POST /events/a?id=%00", sized) == 400)
        #expect(try refused("POST /events/a?retry=-1", sized) == 400)
        #expect(try refused("POST /events/a", sized + ["Content-Encoding: gzip"]) == 415)
        #expect(try refused("POST /events/a", sized + ["Content-Type: text/plain; charset=latin1"]) == 415)
        #expect(try refused("POST /events/a?event=x", sized + ["Content-Type: application/x-ndjson"]) == 400)
        #expect(try refused("POST /events", sized + ["Content-Type: text/event-stream"]) == 400)
        #expect(try refused("POST /events/a", sized + ["Content-Type: text/plain; Charset=\"UTF-8\""]) == nil)
    }

    @Test func `refuses to publish or delete for a page of another origin`() throws {
        for line in ["POST /events/a", "DELETE /channels/a"] {
            #expect(try refused(line, sized + ["Sec-Fetch-Site: cross-site"]) == 403)
            #expect(try refused(line, sized + ["Sec-Fetch-Site: same-site"]) == 403)
            #expect(try refused(line, sized + ["Sec-Fetch-Site: none"]) == nil)
            #expect(
                try refused(line, sized + ["Origin: https://public.example", "Sec-Fetch-Site: same-origin"]) == nil)
            #expect(try refused(line, sized + ["Origin: http://h:80", "Sec-Fetch-Site: same-site"]) == 403)
            #expect(try refused(line, sized + ["Origin: http://H:80"]) == nil)
            #expect(try refused(line, sized + ["Origin: http://evil.example"]) == 403)
            #expect(try refused(line, sized + ["Origin: null"]) == 403)
            #expect(try refused(line, sized + ["Origin: http://h:80", "Sec-Fetch-Site: same-origin"]) == nil)
        }
    }

    @Test(arguments: ["POST /events/a", "DELETE /channels/a"])
    func `lets a page of a listed origin publish and delete`(_ line: String) throws {
        let origins = OriginRules(["https://app.example", "*"])
        for site in ["same-site", "cross-site"] {
            for (origin, isAllowed) in [
                ("https://app.example", true), ("https://evil.example", false), ("null", false),
            ] {
                let fields = sized + ["Origin: \(origin)", "Sec-Fetch-Site: \(site)"]
                guard case .problem(let problem) = try route(line, fields, origins: origins) else {
                    #expect(isAllowed, "\(origin)")
                    continue
                }
                #expect(!isAllowed && problem.status == 403, "\(origin)")
            }
        }
    }

    @Test func `finds the parts of an event`() throws {
        guard case .publish(let request) = try route("POST /events/a?event=x+y&id=7&retry=100", sized),
            case .data(let event) = request.form
        else {
            return #expect(Bool(false))
        }
        #expect(
            event.name?.description == "x y" && event.id?.description == "7" && event.retry?.milliseconds == 100)
    }

    @Test func `answers HEAD without subscribing and OPTIONS with the methods`() throws {
        guard case .describeStream = try route("HEAD /events/a") else { return #expect(Bool(false)) }
        guard case .methods("GET, HEAD, POST, OPTIONS") = try route("OPTIONS /events/a") else {
            return #expect(Bool(false))
        }
        guard case .methods = try route("OPTIONS *") else { return #expect(Bool(false)) }
    }

    @Test func `answers 404 to requests outside of the roles of a socket`() throws {
        #expect(try refused("POST /events/a", sized, roles: [.subscribe]) == 404)
        #expect(try refused("GET /events/a", roles: [.publish]) == 404)
        #expect(try refused("HEAD /events/a", roles: [.publish]) == 404)
        #expect(try refused("OPTIONS /events/a", roles: [.admin]) == 404)
        for line in ["GET /channels", "GET /channels/a", "DELETE /channels/a", "GET /"] {
            #expect(try refused(line, roles: [.subscribe, .publish]) == 404)
        }
        for roles: Roles in [.subscribe, .publish, .admin] { #expect(try refused("GET /healthz", roles: roles) == nil) }
        guard case .methods("POST, OPTIONS") = try route("OPTIONS /events/a", roles: [.publish]) else {
            return #expect(Bool(false))
        }
    }

    @Test(arguments: [
        ("localhost", 8), ("LOCALHOST:8080", 8), ("127.0.0.1", 8), ("127.9.9.9:1", 8), ("[::1]:8080", 8),
        ("events.example", 4), ("Events.Example:443", 4), ("a.b.example.org", 4), ("example.org", 0),
        ("xexample.org", 0), ("evil.example", 0), ("127.0.0.1.evil.example", 0), ("127.evil.0.1", 0), ("127.0.0.1x", 0),
        ("127.0.0x.1", 0),
        ("localhost.evil.example", 0), ("[::2]", 0), ("", 0), ("192.0.2.1", 0),
    ])
    func `answers a Host on loopback only if it is a name of this machine or of the settings`(
        _ host: String, _ allowed: Int
    ) throws {
        let names = ["events.example", "*.example.org"]
        for (bit, hosts) in [
            (8, HostRules([], isLoopback: true)), (4, HostRules(names, isLoopback: false)),
            (12, HostRules(names, isLoopback: true)),
        ] {
            for line in ["GET /events/a", "POST /events/a", "DELETE /channels/a", "OPTIONS /events/a", "GET /"] {
                guard case .problem(let problem) = try route(line, sized, host: host, hosts: hosts) else {
                    #expect(allowed & bit != 0, "\(line)")
                    continue
                }
                #expect((problem.status == 421) == (allowed & bit == 0), "\(line) \(problem)")
            }
        }
    }
}
