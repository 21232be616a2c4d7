"""A real Chromium and a real Firefox on a page of another origin: it subscribes, publishes, and reads refusals where crier lists
its origin, and nowhere else."""
import hashlib, http.server, threading, unittest

import browsers
from running import Running

# What came of it, or the error that the browser gives the page instead.
SUBSCRIBE = """(() => {
    window.ours = new EventSource('%s/events/news', {withCredentials: %s})
    window.got = new Promise(resolve => {
        ours.onmessage = event => resolve(event.data)
        ours.onerror = () => resolve(`error ${ours.readyState}`)
    })
})()"""
FETCH = "fetch('%s%s', %s).then(async answer => [answer.status, await answer.text()], error => error.name)"
started = {}


def tearDownModule():
    for browser in started.values():
        browser.quit()


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>a page of another origin</title>")

    def log_message(self, *_):
        pass


class OfAnotherOrigin(Running):
    def setUp(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        # To a browser these two are not even of the same site as crier at 127.0.0.1.
        self.listed = f"http://localhost:{server.server_port}"
        self.unlisted = f"http://page.localhost:{server.server_port}"
        super().setUp()

    def listener(self):
        return f'origins = ["{self.listed}"]'

    def browser(self):
        if self.name not in started:
            started[self.name] = browsers.ALL[self.name]()
        return started[self.name]

    def fetch(self, browser, target, options):
        return browser.wait_for(FETCH % (f"http://127.0.0.1:{self.port}", target, options))

    def test_that_is_listed_subscribes_with_and_without_credentials(self):
        browser = self.browser()
        browser.open(self.listed)
        for credentials in "true", "false":
            browser.evaluate(SUBSCRIBE % (f"http://127.0.0.1:{self.port}", credentials))
            self.addCleanup(browser.evaluate, "window.ours?.close()")
            self.await_subscribers(1)
            self.publish("hello")
            self.assertEqual(browser.wait_for("got"), "hello")
            browser.evaluate("ours.close()")
            self.await_subscribers(0)

    def test_that_is_listed_publishes_and_reads_why_crier_refuses(self):
        browser = self.browser()
        browser.open(self.listed)
        status, body = self.fetch(browser, "/events/news", "{method: 'POST', body: 'x', credentials: 'include'}")
        self.assertEqual(status, 200, body)
        # With these fields the browser asks first whether the page may.
        status, body = self.fetch(
            browser, "/events/news", "{method: 'POST', body: 'x', headers: {'Idempotency-Key': 'k', 'Content-Type': 'text/plain'}}")
        self.assertEqual(status, 200, body)
        status, body = self.fetch(browser, "/channels/news", "{method: 'DELETE'}")
        self.assertEqual(status, 200, body)
        status, body = self.fetch(browser, "/events/news?replay=x", "{headers: {'Last-Event-ID': '1'}}")
        self.assertEqual(status, 400)
        self.assertIn('"detail":', body)

    def test_that_is_not_listed_neither_reads_nor_publishes(self):
        browser = self.browser()
        browser.open(self.unlisted)
        browser.evaluate(SUBSCRIBE % (f"http://127.0.0.1:{self.port}", "false"))
        self.assertEqual(browser.wait_for("got"), "error 2")
        self.assertEqual(self.fetch(browser, "/channels", "{}"), "TypeError")
        # The browser sends this one without asking; crier refuses it.
        self.assertEqual(self.fetch(browser, "/events/news", "{method: 'POST', body: 'x', mode: 'no-cors'}"), [0, ""])
        self.assertEqual(self.fetch(browser, "/channels/news", "{method: 'DELETE'}"), "TypeError")
        self.await_subscribers(0)
        self.assertEqual(self.publish("first").rsplit("-")[-1], "1")


class ThatNeedsAToken(OfAnotherOrigin):
    """With rules of access: the page shows a token, and reads why a request without the right one is refused."""

    def settings(self):
        hashes = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("reader", "writer")}
        return f"""
            [[access.token]]
            name = "reader"
            sha256 = "{hashes["reader"]}"
            subscribe = ["news"]
            [[access.token]]
            name = "writer"
            sha256 = "{hashes["writer"]}"
            publish = ["news"]
            """

    def of(self, token, more=""):
        return "{headers: {Authorization: 'Bearer %s'}%s}" % (token, more)

    def test_that_is_listed_subscribes_with_and_without_credentials(self):
        browser = self.browser()
        browser.open(self.listed)
        # An EventSource cannot set the field; without a credential it is told 401, and gives up.
        for credentials in "true", "false":
            browser.evaluate(SUBSCRIBE % (f"http://127.0.0.1:{self.port}", credentials))
            self.assertEqual(browser.wait_for("got"), "error 2")
        options = "{headers: {Authorization: 'Bearer reader'}}"
        status, kind = browser.wait_for(
            f"fetch('http://127.0.0.1:{self.port}/events/news', {options}).then(answer => [answer.status, answer.headers.get('content-type')])")
        self.assertEqual((status, kind), (200, "text/event-stream; charset=utf-8"))

    def test_that_is_listed_publishes_and_reads_why_crier_refuses(self):
        browser = self.browser()
        browser.open(self.listed)
        publish = ", method: 'POST', body: 'x'"
        self.assertEqual(self.fetch(browser, "/events/news", self.of("writer", publish))[0], 200)
        for status, target, options, reason in [
            (401, "/events/news", "{method: 'POST', body: 'x'}", "needs a token"),
            (401, "/events/news", self.of("wrong", publish), "token"),
            (403, "/events/news", self.of("reader", publish), "publish"),
            (403, "/events/other", self.of("writer", publish), "publish"),
            (403, "/events/news", self.of("writer"), "subscribe"),
        ]:
            found, body = self.fetch(browser, target, options)
            self.assertEqual(found, status, body)
            self.assertIn(reason, body)
        challenge = browser.wait_for(
            f"fetch('http://127.0.0.1:{self.port}/events/news').then(answer => answer.headers.get('www-authenticate'))")
        self.assertTrue(challenge.startswith("Bearer"), challenge)

    def test_that_is_not_listed_neither_reads_nor_publishes(self):
        browser = self.browser()
        browser.open(self.unlisted)
        for options in "{}", self.of("reader"), self.of("writer", ", method: 'POST', body: 'x'"):
            self.assertEqual(self.fetch(browser, "/events/news", options), "TypeError")


def cases():
    for name in browsers.ALL:
        yield name, type(f"A{name.capitalize()}Page", (OfAnotherOrigin, unittest.TestCase), {"name": name})
        yield f"{name} with tokens", type(
            f"A{name.capitalize()}PageThatNeedsAToken", (ThatNeedsAToken, unittest.TestCase), {"name": name})


globals().update(cases())
