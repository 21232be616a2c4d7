"""The example programs of libraries for event streams, step by step: the line of the library, the HTTP call to crier, and the
events that the page gets.

A library holds the connections of its clients in the process of the program. Here the pages connect to crier, and the program,
which is the test, steers their sessions over HTTP. Every `call` is a request of the program."""
import hashlib, json, os, pathlib, queue, re, signal, socket, subprocess, unittest
from unittest import mock

from running import Running
from stream import EventSource, Publisher, lines, read_head, request

PAGES = pathlib.Path(__file__).resolve().parents[2] / "docs/coming-from"
NDJSON = "Content-Type: application/x-ndjson"
# Seconds after which an event that has not come will not come.
PATIENCE = 30


class Page(EventSource):
    """A page with an EventSource and a listener for events of every type."""

    def __init__(self, *arguments, **options):
        self.inbox, self.comments, self.retries = queue.Queue(), queue.Queue(), queue.Queue()
        super().__init__(*arguments, **options)

    def read(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as self.connection:
            position = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
            self.connection.sendall((f"GET {self.path} HTTP/1.1\r\nHost: events.example\r\nAccept: text/event-stream\r\n"
                                     f"{position}{self.fields}\r\n").encode())
            self.note(asked=1)
            answer = self.connection.makefile("rb", buffering=0)
            if not (head := read_head(answer)):
                return
            status, self.head = head
            if status != 200:
                # A browser closes the EventSource for good, and fires `error`.
                self.inbox.put(("error", str(status), self.last_id))
                return self.note(failure=str(status))
            self.note(opened=1)
            self.dispatch(lines(answer, self.head))

    def dispatch(self, stream):
        event, data = {}, []
        for line in stream:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if line and not name:
                self.comments.put(value)
            elif name == "data":
                data.append(value)
            elif name == "retry":
                self.retry = int(value) / 1000
                self.retries.put(int(value))
            elif line:
                event[name] = value
            else:
                self.last_id = event.get("id", self.last_id)
                if data:
                    self.inbox.put((event.get("event", "message"), "\n".join(data), self.last_id))
                event, data = {}, []

    def next(self, kind=None):
        """The type, the data and the lastEventId of the next event, or of the next one of a type."""
        while True:
            event = self.take(self.inbox, kind or "event")
            if kind in (None, event[0]):
                return event

    def comment(self):
        return self.take(self.comments, "comment")

    def retried(self):
        """The next reconnection time that the page gets; every stream begins with one."""
        return self.take(self.retries, "retry")

    def take(self, items, name):
        try:
            return items.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(f"{self.path} gets no {name}") from None

    def lose(self):
        """Loses its connection, so that the browser reconnects."""
        self.connection.shutdown(socket.SHUT_RDWR)


class Program(Running):
    def call(self, line, body=None, *fields, status=200):
        """Sends a request, and returns the JSON of its answer."""
        method, path = line.split(" ", 1)
        got, text = request(self.public, method, path, body, fields)
        self.assertEqual(got, status, f"{line}: {text}")
        return json.loads(text) if text else None

    def page(self, path, *fields):
        page = Page(self.public, path, fields=fields)
        self.addCleanup(page.close)
        # It has subscribed.
        self.assertEqual(page.comment(), "ok")
        return page

    def session(self, path="/events/room?session=hello", *fields):
        """A page, and the id of its session, which the page tells the program."""
        page = self.page(path, *fields)
        kind, data, _ = page.next()
        self.assertEqual(kind, "crier.session")
        return page, json.loads(data)["id"]

    def presence(self, watcher, kind):
        """The data of the next `join` or `leave`."""
        return json.loads(watcher.next(kind)[1])

    def assertGets(self, page, *events):
        """The page gets exactly these events next, each a type, data, and the lastEventId if it matters."""
        for event in events:
            self.assertEqual(page.next()[:len(event)], event)

    def assertEnded(self, page, session):
        """The program has ended the session: the page learns it, reconnects once and stops."""
        self.assertEqual(page.next()[:2], ("crier.end", json.dumps({"session": session}, separators=(",", ":"))))
        self.assertEqual(page.next()[:2], ("error", "204"))


class H3(Program, unittest.TestCase):
    def test_the_proposal_of_a_session_for_h3(self):
        """h3, issue 477: createSseSession, push, on("close"), on("end"), end."""
        watcher = self.page("/events/$crier/presence/room")

        # const session = createSseSession(event)
        page, session = self.session()
        self.assertEqual([found["id"] for found in self.call("GET /sessions?channel=room")["sessions"]], [session])

        # session.push({ data: "hello" })
        self.call(f"POST /sessions/{session}/events", "hello")
        self.assertGets(page, ("message", "hello", ""))

        # session.push({ id: "1", event: "greeting", data: "hello\nworld" })
        self.call(f"POST /sessions/{session}/events?id=1&event=greeting", "hello\nworld")
        self.assertGets(page, ("greeting", "hello\nworld", "1"))

        # session.lastEventId
        # The proposal leaves it to the program to send what the client missed. crier does it: the program publishes to the
        # channel, whose events have positions, and a page that reconnects gets the rest.
        first = self.call("POST /events/room", "one")["id"]
        self.assertGets(page, ("message", "one", first))
        page.lose()
        second = self.call("POST /events/room", "two")["id"]
        kind, data, _ = page.next("crier.session")
        self.assertGets(page, ("message", "two", second))
        # The session is another one. The proposal would take the id of the session from Last-Event-ID, which is a position
        # that any client can make up. crier never does.
        session, gone = json.loads(data)["id"], session
        self.assertNotEqual(session, gone)

        # session.on("close", () => …)
        self.assertEqual(self.presence(watcher, "leave")["reasons"], {"client": 1})
        self.call(f"GET /sessions/{gone}", status=404)
        self.call(f"POST /sessions/{gone}/events", "nobody is there", status=404)

        # session.end()
        self.call(f"DELETE /sessions/{session}")
        self.assertEnded(page, session)

        # session.on("end", () => …)
        # `reasons` tells the end by the program from the close by the client.
        self.assertEqual(self.presence(watcher, "leave")["reasons"], {"ended": 1})
        self.call(f"GET /sessions/{session}", status=404)

    def test_the_event_stream_of_h3(self):
        """h3, examples/server-sent-events: createEventStream, push, pushComment, onClosed, close."""
        watcher = self.page("/events/$crier/presence/room")

        # const eventStream = createEventStream(event);  return eventStream.send()
        page, session = self.session()

        # getHeader(event, "last-event-id")
        # A client's position counts, wherever it comes from; one that crier does not know is a gap and not an error.
        newcomer = self.page("/events/room", "Last-Event-ID: made-up")
        self.assertEqual(json.loads(newcomer.next("crier.gap")[1])["requested"], "made-up")
        newcomer.close()
        self.assertEqual(self.presence(watcher, "leave")["count"], 1)

        # setInterval(() => eventStream.push("Hello world"), 1000)
        # The program has the timer, and each push is a request.
        for _ in range(3):
            self.call(f"POST /sessions/{session}/events", "Hello world")
        self.assertGets(page, *[("message", "Hello world", "")] * 3)

        # eventStream.push({ id: "7", event: "custom", data: "x", retry: 400 })
        page.retried()
        self.call(f"POST /sessions/{session}/events?id=7&event=custom&retry=400", "x")
        self.assertGets(page, ("custom", "x", "7"))
        self.assertEqual(page.retried(), 400)

        # eventStream.push(["a", "b"])
        # Each as it arrives, up to the first bad line.
        done = self.call(f"POST /sessions/{session}/events", '{"data":"a"}\n{"data":"b"}\n', NDJSON)
        self.assertEqual(done, {"session": session, "events": 2})
        self.assertGets(page, ("message", "a"), ("message", "b"))
        stopped = self.call(f"POST /sessions/{session}/events", '{"data":"c"}\n{"dat":"d"}\n', NDJSON, status=400)
        self.assertEqual(stopped["events"], 1)
        self.assertGets(page, ("message", "c"))

        # eventStream.pushComment("still here")
        self.call(f"POST /sessions/{session}/events?comment=still%20here", "")
        self.assertEqual(page.comment(), "still here")

        # eventStream.pause(); push; push; await eventStream.resume()
        # crier has no pause. The program collects its events, and sends them in one body.

        # A page whose last id is "7" would not be recognised when it comes back (see below); this gives it a position.
        last = self.call("POST /events/room", "last")["id"]
        self.assertGets(page, ("message", "last", last))

        # await eventStream.close()
        self.call(f"DELETE /sessions/{session}")
        self.assertEnded(page, session)

        # eventStream.onClosed(() => clearInterval(interval))
        self.assertEqual(self.presence(watcher, "leave")["reasons"], {"ended": 1})

    def test_a_page_stops_although_its_last_id_was_pushed(self):
        """crier looks for the Last-Event-ID in the log, which does not have a pushed id: the page goes on. Remove the mark once
        crier stops it."""
        page, session = self.session()
        self.call("POST /events/room", "an event of the log")
        self.call(f"POST /sessions/{session}/events?id=7", "pushed")
        self.assertGets(page, ("message", "an event of the log"), ("message", "pushed", "7"))
        self.call(f"DELETE /sessions/{session}")
        self.assertEnded(page, session)


class HandWritten(Program, unittest.TestCase):
    def test_the_sample_without_a_library(self):
        """The sample of h3's issue 477 that writes the head and the lines itself."""
        # res.setHeader("Content-Type", "text/event-stream"); res.setHeader("Cache-Control", "no-cache"); …
        page, session = self.session()
        self.assertTrue(page.head["content-type"].startswith("text/event-stream"))
        self.assertIn("no-cache", page.head["cache-control"].split(", "))
        self.assertEqual(page.head["transfer-encoding"], "chunked")
        # The sample has `Connection: keep-alive`. A stream ends with its connection, so crier says `close`.
        self.assertEqual(page.head["connection"], "close")

        # res.write(`id: ${id}\ndata: hello\n\n`)
        # crier writes the fields, so that no data can end the event or begin a field.
        self.call(f"POST /sessions/{session}/events?id=5", "hello\n\nevent: forged\rid: 6")
        self.assertGets(page, ("message", "hello\n\nevent: forged\nid: 6", "5"))
        self.call(f"POST /sessions/{session}/events?id=5%0Adata:x", "hello", status=400)

        # A text that has the lines already is a body of its own type.
        self.call(f"POST /sessions/{session}/events", "event: tick\nid: 8\ndata: 1\n\ndata: 2\n\n",
                  "Content-Type: text/event-stream")
        self.assertGets(page, ("tick", "1", "8"), ("message", "2", "8"))


class BetterSSE(Program, unittest.TestCase):
    def test_getting_started(self):
        """better-sse, examples/getting-started: createSession, push."""
        # const session = await createSession(req, res)
        page, session = self.session()

        # session.push("Hello world!", "ping")
        # better-sse writes JSON, and so must a program whose page reads JSON. crier sends the body as it is.
        self.call(f"POST /sessions/{session}/events?event=ping", '"Hello world!"')
        # eventSource.addEventListener("ping", ({ data }) => JSON.parse(data))
        self.assertGets(page, ("ping", '"Hello world!"', ""))

        # session.push(data, "message", "an-id")
        # better-sse gives every event a random id. A push has none unless you give it one, so it leaves the position alone.
        self.call(f"POST /sessions/{session}/events?id=an-id", '{"n":1}')
        self.assertGets(page, ("message", '{"n":1}', "an-id"))

        # session.isConnected
        self.assertEqual(self.call(f"GET /sessions/{session}")["state"], "live")

    def test_streams(self):
        """better-sse, examples/streams, and iterate: a source becomes the events of one session."""
        # const session = await createSession(req, res)
        # The program has chosen a channel for this page alone, and has given it the URL.
        page, session = self.session("/events?channel=room&channel=pages/one&session=hello")
        other = self.page("/events/room")

        # await session.iterate([1, 2, 3])
        for number in 1, 2, 3:
            self.call(f"POST /sessions/{session}/events?event=iteration", str(number))
        self.assertGets(page, ("iteration", "1"), ("iteration", "2"), ("iteration", "3"))

        # await session.stream(Readable.from([1, 2, 3]))
        # crier sends a push once its body is complete. A source that stays open needs the page's own channel. There each event
        # has a position, so that a page that reconnects misses none.
        source = Publisher(self.public, "pages/one")
        for number in 1, 2, 3:
            source.send(json.dumps({"event": "stream", "data": number}))
            self.assertGets(page, ("stream", str(number)))

        # session.push({ done }, "stream")
        self.assertEqual(source.finish(), 200)
        self.call(f"POST /sessions/{session}/events?event=stream", '{"done":true}')
        self.assertGets(page, ("stream", '{"done":true}'))

        # None of it was for anybody else.
        self.call("POST /events/room", "for all")
        self.assertGets(other, ("message", "for all"))

    def test_batching(self):
        """better-sse, the guide to batching: batch, and an event buffer for several sessions."""
        # await session.batch(buffer => buffer.iterate(["My", "huge", "event", "list"]))
        pages = [self.session(), self.session()]
        buffer = "".join(json.dumps({"event": "iteration", "data": text}) + "\n" for text in ("My", "huge", "event", "list"))
        events = [("iteration", text) for text in ("My", "huge", "event", "list")]
        page, session = pages[0]
        self.call(f"POST /sessions/{session}/events", buffer, NDJSON)
        self.assertGets(page, *events)

        # channel.activeSessions.map(session => session.batch(buffer))
        for found in self.call("GET /sessions?channel=room")["sessions"]:
            self.call(f"POST /sessions/{found['id']}/events", buffer, NDJSON)
        for page, _ in pages:
            self.assertGets(page, *events)

        # buffer.retry(2400).event("my-event").id("123").data("one").data("two").dispatch()
        for page, session in pages:
            page.retried()
            self.call(f"POST /sessions/{session}/events?retry=2400&event=my-event&id=123", "one\ntwo")
            self.assertGets(page, ("my-event", "one\ntwo", "123"))
            self.assertEqual(page.retried(), 2400)

    def test_channels(self):
        """better-sse, examples/channels: createChannel, register, broadcast, sessionCount."""
        # const ticker = createChannel()
        # Nothing creates a channel.
        watcher = self.page("/events/$crier/presence/ticker")

        # ticker.register(session)
        # The page names its channels when it subscribes, and the program cannot change them later.
        first, session = self.session("/events/ticker?session=hello")

        # ticker.on("session-registered", () => ticker.broadcast(ticker.sessionCount, "session-count"))
        # Presence comes once a second at most, with the number and without names.
        count = self.presence(watcher, "join")["subscribers"]
        self.call("POST /events/ticker?event=session-count", str(count))
        self.assertGets(first, ("session-count", "1"))
        second = self.page("/events/ticker")
        self.call("POST /events/ticker?event=session-count", str(self.presence(watcher, "join")["subscribers"]))
        self.assertGets(first, ("session-count", "2"))
        self.assertGets(second, ("session-count", "2"))

        # ticker.broadcast(ticker.state.count, "tick")
        receipt = self.call("POST /events/ticker?event=tick", "1")
        self.assertEqual(receipt["subscribers"], 2)
        for page in first, second:
            # The same id for everybody, and a position besides. better-sse gives a random UUID.
            self.assertGets(page, ("tick", "1", receipt["id"]))

        # ticker.broadcast("for one", "tick", { filter: session => session === first })
        # crier does not know the state of the program. The program filters the list of sessions, and pushes to those.
        registered = self.call("GET /sessions?channel=ticker")["sessions"]
        self.assertEqual(len(registered), 2)
        for found in registered:
            if found["id"] == session:
                self.call(f"POST /sessions/{found['id']}/events?event=tick", "for one")
        self.call("POST /events/ticker?event=tick", "2")
        self.assertGets(first, ("tick", "for one"), ("tick", "2"))
        self.assertGets(second, ("tick", "2"))

        # ticker.sessionCount, ticker.activeSessions
        self.assertEqual(self.call("GET /channels/ticker")["subscribers"], 2)
        self.assertIn(session, [found["id"] for found in self.call("GET /channels/ticker/presence")["sessions"]])

        # ticker.on("session-deregistered", …)
        second.close()
        self.assertEqual(self.presence(watcher, "leave")["subscribers"], 1)

        # ticker.deregister(session)
        # crier takes no channel from a session. The program ends the session.
        self.call(f"DELETE /sessions/{session}")
        self.assertEnded(first, session)
        self.assertEqual(self.call("GET /channels/ticker")["subscribers"], 0)

    def test_last_id(self):
        """better-sse, the reference: lastId and trustClientEventId."""
        first, second = (self.call("POST /events/room", text)["id"] for text in ("one", "two"))

        # createSession(req, res): session.lastId is the header, or ?lastEventId=
        # better-sse hands the id to the program. crier sends the events after it.
        for page in self.page("/events/room", f"Last-Event-ID: {first}"), self.page(f"/events/room?lastEventId={first}"):
            self.assertGets(page, ("message", "two", second))

        # createSession(req, res, { trustClientEventId: false })
        # Not needed: an id that crier has not given is a gap, and the events that it has follow.
        forged = self.page("/events/room?lastEventId=forged")
        kind, data, _ = forged.next()
        self.assertEqual((kind, json.loads(data)["lost"]), ("crier.gap", None))
        self.assertGets(forged, ("message", "one", first), ("message", "two", second))

        # session.lastId, of a session that is open
        _, session = self.session(f"/events/room?session=hello&lastEventId={first}")
        self.assertEqual(self.call(f"GET /sessions/{session}")["cursor"], second)


class BetterSSEOptions(Program, unittest.TestCase):
    def setUp(self):
        # The options of a session of better-sse are configuration in crier, the same for all clients.
        with mock.patch.dict(os.environ, CRIER_SERVER_HEARTBEAT="1s", CRIER_SERVER_RETRY="500ms"):
            super().setUp()

    def test_keep_alive_and_retry(self):
        """better-sse, the reference: keepAlive, retry, disconnected."""
        # createSession(req, res, { keepAlive: 1000, retry: 500 })
        page, session = self.session()
        self.assertEqual(page.comment(), "")
        # Each client gets another time, so that they do not all come back at once.
        self.assertIn(page.retried(), range(250, 751))

        # new EventBuffer().retry(100).dispatch()
        # crier sends no `retry` without an event; this one has the smallest that a page can ignore.
        self.call(f"POST /sessions/{session}/events?event=retry&retry=100", "")
        self.assertGets(page, ("retry", ""))
        self.assertEqual(page.retried(), 100)

        # GET /sse?padding=true
        # crier has no padding, and says so.
        self.call("GET /events/room?padding=true", status=400)

        # session.on("disconnected", …)
        watcher = self.page("/events/$crier/presence/room")
        page.close()
        self.assertEqual(self.presence(watcher, "leave")["reasons"], {"client": 1})
        self.call(f"GET /sessions/{session}", status=404)


class BetterSSEChat(Program, unittest.TestCase):
    tokens = {"alice": "alice-s-token", "bob": "bob-s-token"}

    def settings(self):
        callers = "".join(f"""
            [[access.token]]
            name = "{name}"
            sha256 = "{hashlib.sha256(token.encode()).hexdigest()}"
            subscribe = ["chat"]""" for name, token in self.tokens.items())
        return f"""
            [access]
            query-token = true
            [access.anonymous]
            admin = true
            publish = ["**"]
            subscribe = []
            {callers}"""

    def test_chat(self):
        """better-sse, examples/chat: state, a history, user-joined, user-left."""
        chat = "/events/chat?replay=all&session=hello&token="

        # createSession(req, res, { state: { username } })
        # A session has the name of the token with which its page came. The program keeps any other state by the session's id.
        alice, session = self.session(chat + self.tokens["alice"])
        self.assertEqual(self.call(f"GET /sessions/{session}")["token"], "alice")

        # isUsernameTaken(username)
        self.assertTrue(self.call("GET /sessions?channel=chat&caller=alice")["sessions"])
        self.assertFalse(self.call("GET /sessions?channel=chat&caller=bob")["sessions"])

        # chatChannel.broadcast({ username, content })
        said = self.call("POST /events/chat", '{"username":"alice","content":"hi"}')["id"]
        self.assertGets(alice, ("message", '{"username":"alice","content":"hi"}', said))

        # chatChannel.on("session-registered", session => session.batch(buffer => history.forEach(…)))
        # The log is the history, with `?replay=all` in the URL of the page.
        bob, _ = self.session(chat + self.tokens["bob"])
        self.assertGets(bob, ("message", '{"username":"alice","content":"hi"}', said))

        # chatChannel.broadcast(session.state.username, "user-joined")
        # A `join` has no name; the program compares the callers present with those that it knew.
        present = {found["token"] for found in self.call("GET /channels/chat/presence")["sessions"]}
        for name in present - {"alice"}:
            self.call("POST /events/chat?event=user-joined", name)
        self.assertGets(alice, ("user-joined", "bob"))

        # An event for one of them.
        for found in self.call("GET /sessions?caller=bob")["sessions"]:
            self.call(f"POST /sessions/{found['id']}/events?event=whisper", "psst")
        self.assertGets(bob, ("user-joined", "bob"), ("whisper", "psst"))

        # An administrator sends one of them away, with all of their pages.
        self.assertEqual(self.call("DELETE /sessions?caller=alice"), {"ended": 1})
        self.assertEnded(alice, session)
        self.call("POST /events/chat?event=user-left", "alice")
        self.assertGets(bob, ("user-left", "alice"))


class Oak(Program, unittest.TestCase):
    def test_server_sent_events(self):
        """Oak, docs/sse and examples/sseServer: sendEvents, dispatchMessage, dispatchEvent, dispatchComment, close."""
        watcher = self.page("/events/$crier/presence/room")

        # ctx.assert(ctx.request.accepts("text/event-stream"), Status.UnsupportedMediaType)
        self.call("GET /events/room", None, "Accept: text/html", status=406)

        # const target = ctx.sendEvents()
        page, session = self.session()

        # target.dispatchMessage({ hello: "world" })
        self.call(f"POST /sessions/{session}/events", '{"hello":"world"}', "Content-Type: application/json")
        self.assertGets(page, ("message", '{"hello":"world"}', ""))

        # target.dispatchEvent(new ServerSentEvent("ping", { hello: "world" }, { id: 0 }))
        # Oak drops the id 0, with which its example begins to count.
        self.call(f"POST /sessions/{session}/events?event=ping&id=0", '{"hello":"world"}')
        self.assertGets(page, ("ping", '{"hello":"world"}', "0"))

        # target.dispatchComment("are you there?")
        self.call(f"POST /sessions/{session}/events?comment=are%20you%20there?", "")
        self.assertEqual(page.comment(), "are you there?")

        # event.preventDefault(), in a listener of the target
        # The program decides before it pushes.

        # target.addEventListener("close", () => clearInterval(id))
        self.assertEqual(self.presence(watcher, "join")["subscribers"], 1)
        page.close()
        self.assertEqual(self.presence(watcher, "leave")["reasons"], {"client": 1})
        self.call(f"GET /sessions/{session}", status=404)
        # A channel without an event and a subscriber is gone as well.
        self.call("GET /channels/room", status=404)

        # await target.close()
        page, session = self.session()
        self.call(f"POST /sessions/{session}/events", '{"hello":"world"}')
        self.call(f"DELETE /sessions/{session}")
        # Oak's client reconnects after this. crier's gets what was pushed before, and stops.
        self.assertGets(page, ("message", '{"hello":"world"}'))
        self.assertEnded(page, session)


class AiohttpSse(Program, unittest.TestCase):
    def setUp(self):
        with mock.patch.dict(os.environ, CRIER_SERVER_HEARTBEAT="1s"):
            super().setUp()

    def test_sse_response(self):
        """aiohttp-sse: sse_response, send, is_connected, last_event_id, ping_interval, stop_streaming."""
        # async with sse_response(request) as resp:  resp.ping_interval = 1
        page, session = self.session()
        self.assertEqual(page.comment(), "")

        # while resp.is_connected():  await resp.send(data)
        for number in range(3):
            self.assertEqual(self.call(f"GET /sessions/{session}")["state"], "live")
            self.call(f"POST /sessions/{session}/events", f"time {number}")
        self.assertGets(page, *[("message", f"time {number}", "") for number in range(3)])

        # await resp.send("hello", id="1", event="greeting", retry=300)
        page.retried()
        self.call(f"POST /sessions/{session}/events?id=1&event=greeting&retry=300", "hello")
        self.assertGets(page, ("greeting", "hello", "1"))
        self.assertEqual(page.retried(), 300)

        # resp.last_event_id
        last = self.call("POST /events/room", "published")["id"]
        self.assertGets(page, ("message", "published", last))
        self.assertEqual(self.call(f"GET /sessions/{session}")["cursor"], last)

        # resp.stop_streaming()
        self.call(f"DELETE /sessions/{session}")
        self.assertEnded(page, session)
        self.call(f"POST /sessions/{session}/events", "too late", status=404)


class SseStarlette(Program, unittest.TestCase):
    def test_event_source_response(self):
        """sse-starlette: EventSourceResponse of a generator, ServerSentEvent, is_disconnected, shutdown_event."""
        # return EventSourceResponse(numbers(1, 3))
        page, session = self.session()

        # yield {"data": i}
        for number in 1, 2, 3:
            self.call(f"POST /sessions/{session}/events", str(number))
        self.assertGets(page, ("message", "1"), ("message", "2"), ("message", "3"))

        # yield ServerSentEvent(data="x", event="e", id="1", retry=250, comment="why")
        page.retried()
        self.call(f"POST /sessions/{session}/events?event=e&id=1&retry=250&comment=why", "x")
        self.assertEqual(page.comment(), "why")
        self.assertGets(page, ("e", "x", "1"))
        self.assertEqual(page.retried(), 250)

        # await request.is_disconnected(), client_close_handler_callable
        watcher = self.page("/events/$crier/presence/room")
        page.lose()
        self.assertEqual(self.presence(watcher, "leave")["reasons"], {"client": 1})
        self.call(f"GET /sessions/{session}", status=404)

        # The generator returns.
        # The browser of sse-starlette would reconnect, and the generator would begin again.
        kind, data, _ = page.next("crier.session")
        session = json.loads(data)["id"]
        # The page came back with an id that was pushed, which crier does not have.
        self.assertGets(page, ("crier.gap",))
        last = self.call("POST /events/room", "last")["id"]
        self.assertGets(page, ("message", "last", last))
        self.call(f"DELETE /sessions/{session}")
        self.assertEnded(page, session)

        # EventSourceResponse(…, shutdown_event=event, shutdown_grace_period=1)
        # `server.shutdown` is the grace period. Every page gets another `retry`, and its stream ends properly.
        watcher.retried()
        self.crier.send_signal(signal.SIGTERM)
        watcher.retried()
        self.assertEqual(self.crier.wait(PATIENCE), 0)


class R3labs(Program, unittest.TestCase):
    def test_streams(self):
        """r3labs/sse: CreateStream, Publish, AutoReplay, StreamExists, OnUnsubscribe, RemoveStream."""
        # server.CreateStream("messages")
        # Not needed, as with AutoStream.
        # server.StreamExists("messages")
        self.call("GET /channels/messages", status=404)
        watcher = self.page("/events/$crier/presence/messages")

        # GET /events?stream=messages
        page = self.page("/events/messages")
        self.call("GET /channels/messages")

        # server.Publish("messages", &sse.Event{Data: []byte("ping")})
        first = self.call("POST /events/messages", "ping")
        self.assertEqual(first["subscribers"], 1)
        self.assertGets(page, ("message", "ping", first["id"]))

        # server.Publish("messages", &sse.Event{ID: []byte("mine"), Event: []byte("pong")})
        # r3labs replaces the id by an index. crier keeps it.
        self.assertEqual(self.call("POST /events/messages?id=mine&event=pong", "x")["id"], "mine")
        self.assertGets(page, ("pong", "x", "mine"))

        # server.AutoReplay = true
        # A newcomer gets the history only if it asks; r3labs repeats the last event to a client that resumes, crier does not.
        everything = self.page("/events/messages?replay=all")
        self.assertGets(everything, ("message", "ping", first["id"]), ("pong", "x", "mine"))
        resumed = self.page("/events/messages", f"Last-Event-ID: {first['id']}")
        self.assertGets(resumed, ("pong", "x", "mine"))

        # server.OnUnsubscribe = func(streamID string, sub *sse.Subscriber) { … }
        everything.close()
        self.assertEqual(self.presence(watcher, "leave")["channel"], "messages")

        # server.RemoveStream("messages")
        self.call("DELETE /channels/messages")
        for subscriber in page, resumed:
            self.assertGets(subscriber, ("crier.end", '{"channel":"messages"}'), ("error", "204"))


class GoSse(Program, unittest.TestCase):
    def settings(self):
        return """
            [access.anonymous]
            subscribe = ["news", "sport/**"]
            publish = ["**"]
            admin = true
            """

    def test_topics(self):
        """tmaxmax/go-sse: Server with Joe and a replayer, OnSession, topics, Session.Send and Flush, Shutdown."""
        # s.OnSession = func(w, r) (topics []string, accepted bool) { … }
        # The page names the topics, and the rules of [access] decide.
        self.call("GET /events/secret", status=401)
        page, session = self.session("/events?channel=news&channel=sport/*&session=hello")
        self.assertEqual(self.call(f"GET /sessions/{session}")["channels"], ["news", "sport/*"])

        # s.Publish(m, "news", "sport/football")
        # Once for each client, also when it has several of the topics.
        both = self.call("POST /events?channel=news&channel=sport/football&event=score", "2:1")["id"]
        after = self.call("POST /events/news", "next")["id"]
        self.assertGets(page, ("score", "2:1", both), ("message", "next", after))

        # sse.NewFiniteReplayer(count, true), sse.NewValidReplayer(ttl, true)
        # `history.events` and `history.age` limit what is retained.
        resumed = self.page("/events/news", f"Last-Event-ID: {both}")
        self.assertGets(resumed, ("message", "next", after))

        # sess, err := sse.Upgrade(w, r); sess.Send(m); sess.Flush()
        # m.AppendComment("why"); m.AppendData("for one", "session")
        self.call(f"POST /sessions/{session}/events?comment=why", "for one\nsession")
        self.assertEqual(page.comment(), "why")
        self.assertGets(page, ("message", "for one\nsession", after))
        self.call("POST /events/news", "for all")
        self.assertGets(page, ("message", "for all"))
        self.assertGets(resumed, ("message", "for all"))

        # s.Shutdown(ctx)
        page.retried()
        self.crier.send_signal(signal.SIGTERM)
        page.retried()
        self.assertEqual(self.crier.wait(PATIENCE), 0)


class ComingFrom(Program, unittest.TestCase):
    def test_crier_takes_every_command_of_the_tables(self):
        """docs/coming-from/better-sse.md, h3.md and oak.md, each command with a session of its own."""
        for name in "better-sse", "h3", "oak":
            commands = re.findall(r"`(curl [^`]*)`", (PAGES / f"{name}.md").read_text())
            self.assertTrue(commands, name)
            for command in commands:
                with self.subTest(page=name, command=command):
                    # Another browser each time: crier would take it for the one whose session a command has ended.
                    page, session = self.session("/events/room?session=hello", f"User-Agent: {name} {command}")
                    # A stream ends when one side ends it; the head is enough here.
                    arguments = "--max-time 1" if " -N " in command else "--max-time 60"
                    ready = command.replace("localhost:8080", f"localhost:{self.public}")
                    ready = ready.replace("curl ", f"curl -s -w '\\n%{{http_code}}' {arguments} ", 1)
                    printed = subprocess.run(["bash", "-c", ready], env={**os.environ, "session": session}, text=True,
                                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout
                    self.assertEqual(printed.splitlines()[-1], "200", printed)
                    page.close()
