"""What docs/proxies.md says about TLS and HTTP/2 in front of crier, about private publishing, and about applications that decide
who may subscribe: each with the configuration that stands there, and the real proxy."""
import http.server, queue, re, socket, subprocess, threading, time, unittest

import proxies
from running import AT_ONCE, Running
from stream import EventSource, request


def edited(proxy, edit):
    """A proxy whose configuration is changed: `edit` gets its text and the directory."""
    def start(directory, port, public):
        command = proxy(directory, port, public)
        for path in directory.iterdir():
            if path.suffix in (".conf", ".cfg", ".vcl") or path.name == "Caddyfile":
                path.write_text(edit(path.read_text(), directory).replace("127.0.0.1:8080", f"127.0.0.1:{port}"))
        return command
    return start


def put(marker, text):
    """Puts a configuration of the document in front of the first place of a marker."""
    def edit(configuration, _):
        assert marker in configuration, configuration
        return configuration.replace(marker, f"{text}\n{marker}", 1)
    return edit


# TLS and HTTP/2

def certify(directory):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1",
         "-subj", "/CN=events.example", "-addext", "subjectAltName=DNS:events.example",
         "-keyout", directory / "key.pem", "-out", directory / "certificate.pem"],
        check=True, stderr=subprocess.DEVNULL)
    (directory / "both.pem").write_text((directory / "certificate.pem").read_text() + (directory / "key.pem").read_text())


def with_files(text, directory):
    text = text.replace("/etc/ssl/events.example.pem", f"{directory}/certificate.pem")
    return text.replace("/etc/ssl/events.example.key", f"{directory}/key.pem")


def nginx_tls(text, directory):
    certify(directory)
    lines = with_files(proxies.block("TLS and HTTP/2", "listen 443"), directory)
    port = re.search(r"listen 127\.0\.0\.1:\d+", text).group(0)
    return text.replace(f"{port};", lines.replace("listen 443", port))


def caddy_tls(text, directory):
    certify(directory)
    return re.sub(r"http://:(\d+) \{", rf"https://events.example:\1 {{\ntls {directory}/certificate.pem {directory}/key.pem",
                  text.replace("admin off", "admin off\nauto_https disable_redirects"))


def haproxy_tls(text, directory):
    certify(directory)
    line = re.search(r"bind .*", proxies.block("HAProxy")).group(0).replace("/etc/haproxy/events.example.pem", f"{directory}/both.pem")
    return re.sub(r"bind (\S+)", lambda match: line.replace(":443", match.group(1)), text)


def apache_tls(text, directory):
    certify(directory)
    lines = with_files(proxies.block("TLS and HTTP/2", "Protocols"), directory)
    text = "LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so\n" + text
    return text.replace("ProxyPreserveHost On", f"ProxyPreserveHost On\n{lines}", 1)


class Curl:
    """curl with a stream for each of some channels."""

    def __init__(self, port, certificate, channels):
        self.lines = queue.Queue()
        urls = [f"https://events.example:{port}/events/{channel}" for channel in channels]
        self.process = subprocess.Popen(
            ["curl", "--silent", "--include", "--no-buffer", "--parallel", "--parallel-max", "50", "--http2",
             "--cacert", certificate, "--resolve", f"events.example:{port}:127.0.0.1", *urls],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put((line.strip(), time.monotonic()))

    def wait(self, pattern, count, seconds=15):
        """Waits for so many lines, and returns the time of the last."""
        deadline = time.monotonic() + seconds
        while count:
            line, when = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            count -= bool(re.fullmatch(pattern, line))
        return when

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class SpeaksTLS(Running):
    version, streams = "HTTP/2 200", 10

    def test_passes_each_event_on_at_once_to_many_streams(self):
        channels = [f"c{number}" for number in range(self.streams)]
        curl = Curl(self.public, self.directory / "certificate.pem", channels)
        self.addCleanup(curl.stop)
        curl.wait(re.escape(self.version), len(channels))
        for channel in channels:
            self.await_subscribers(1, channel)
        for round in range(3):
            sent = time.monotonic()
            for channel in channels:
                self.publish(f"x{round}", port=self.port, channel=channel)
            self.assertLess(curl.wait(f"data: x{round}", len(channels)) - sent, 5 * AT_ONCE)


class SpeaksTLSAndHTTP1(SpeaksTLS):
    version, streams = "HTTP/1.1 200 OK", 4


# Private publishing

class KeepsPublishingPrivate(Running):
    def test_lets_everyone_subscribe_and_nobody_publish(self):
        source = EventSource(self.public, "/events/news")
        self.addCleanup(source.close)
        source.wait(lambda source: source.opened, 15, "the stream opens")
        for method, path in [("POST", "/events/news"), ("POST", "/events"), ("DELETE", "/channels/news"), ("PUT", "/events/news")]:
            status, _ = request(self.public, method, path, "x")
            self.assertIn(status, (403, 404, 405), f"{method} {path}")
        self.publish("inside", port=self.inner)
        source.wait(lambda source: source.events, 5, "the event comes")
        self.assertEqual([data for data, _ in source.events], ["inside"])

    @property
    def inner(self):
        """The port of crier on which programs publish."""
        return self.port


class ByRoles(KeepsPublishingPrivate):
    def listener(self):
        assert 'roles = ["subscribe"]' in proxies.block("Private publishing")
        self.private = proxies.free_port()
        return f'roles = ["subscribe"]\n[[listen]]\naddress = "127.0.0.1:{self.private}"\nhosts = ["events.example"]'

    @property
    def inner(self):
        return self.private


# Access by the application

class Application(http.server.BaseHTTPRequestHandler):
    """Lets in those with the right cookie. Redirects /stream to the channels of the user."""
    asked = []

    def do_GET(self):
        self.asked.append(self.path)
        allowed = "user=anna" in (self.headers.get("Cookie") or "")
        self.send_response(200 if allowed else 403)
        if allowed and self.path.startswith("/stream"):
            self.send_header("X-Accel-Redirect", "/_crier/events?channel=news&channel=user/anna")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Asks(Running):
    path = "/events/news"
    channel = "news"
    asks_for = "/may-subscribe"

    def setUp(self):
        application = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Application)
        Application.asked = []
        threading.Thread(target=application.serve_forever, daemon=True).start()
        self.addCleanup(application.server_close)
        self.addCleanup(application.shutdown)
        self.proxy = edited(type(self).proxy, lambda text, _: text.replace("127.0.0.1:3000", f"127.0.0.1:{application.server_port}"))
        super().setUp()

    def test_the_application_before_each_stream(self):
        stranger = EventSource(self.public, self.path)
        self.addCleanup(stranger.close)
        with self.assertRaisesRegex(AssertionError, "403"):
            stranger.wait(lambda source: source.opened, 15, "a stranger is refused")
        anna = EventSource(self.public, self.path, fields=["Cookie: user=anna"])
        self.addCleanup(anna.close)
        anna.wait(lambda source: source.opened, 15, "the stream opens")
        self.publish("one", port=self.port, channel=self.channel)
        anna.wait(lambda source: len(source.events) == 1, 5, "the first event comes")
        # The connection breaks, and the position of the client arrives through the proxy.
        anna.connection.shutdown(socket.SHUT_RDWR)
        self.publish("two", port=self.port, channel=self.channel)
        anna.wait(lambda source: len(source.events) == 2, 15, "the second event comes")
        self.assertEqual([data for data, _ in anna.events], ["one", "two"])
        self.assertTrue(all(path.startswith(self.asks_for) for path in Application.asked), Application.asked)


class ChoosesTheChannels(Asks):
    path, channel, asks_for = "/stream", "user/anna", "/stream"

    def test_no_other_address_reaches_crier(self):
        for path in "/_crier/events?channel=secret", "/_crier/channels", "/%5fcrier/channels":
            self.assertEqual(request(self.public, "GET", path)[0], 404, path)


def nginx_asks(text, directory):
    title = "Access by the application"
    line, location = proxies.block(title, "auth_request").split("\n", 1)
    text = put("location @crier_down {", location)(text, directory)
    return put("proxy_read_timeout 1h;", line)(text, directory)


PRIVATE = {
    proxies.nginx: ("limit_except", "proxy_read_timeout 1h;"),
    proxies.caddy: ("@publish", "reverse_proxy 127"),
    proxies.haproxy: ("http-request deny", "use_backend streams"),
    proxies.apache: ("<Location />", "ProxyPreserveHost On"),
    proxies.varnish: ("if (req.method", "if (req.url"),
}
CASES = [
    (SpeaksTLS, "nginx", edited(proxies.nginx, nginx_tls)),
    (SpeaksTLS, "caddy", edited(proxies.caddy, caddy_tls)),
    (SpeaksTLS, "haproxy", edited(proxies.haproxy, haproxy_tls)),
    (SpeaksTLSAndHTTP1, "apache", edited(proxies.apache, apache_tls)),
    *((ByRoles, proxy.__name__, proxy) for proxy in proxies.ALL),
    *((KeepsPublishingPrivate, proxy.__name__, edited(proxy, put(marker, proxies.block("Private publishing", start))))
      for proxy, (start, marker) in PRIVATE.items()),
    (Asks, "nginx", edited(proxies.nginx, nginx_asks)),
    (Asks, "caddy", edited(proxies.caddy, put("reverse_proxy 127", proxies.block("Access by the application", "forward_auth")))),
    (ChoosesTheChannels, "nginx", edited(
        proxies.nginx, put("location @crier_down {", proxies.block("Access by the application", "location /stream")))),
]


def load_tests(loader, *_):
    suite = unittest.TestSuite()
    for base, name, proxy in CASES:
        kind = type(f"{base.__name__} with {name}", (base, unittest.TestCase), {"proxy": staticmethod(proxy)})
        suite.addTests(loader.loadTestsFromTestCase(kind))
    return suite
