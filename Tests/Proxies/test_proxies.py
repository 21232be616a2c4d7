"""crier behind the proxies of docs/proxies.md, with the configurations that stand there."""
import os, pathlib, re, shutil, signal, socket, subprocess, tempfile, textwrap, time, unittest

from stream import EventSource, Publisher, request

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs/proxies.md"
# Seconds in which an event must pass a proxy that is said to pass it on at once.
AT_ONCE = 0.1


def block(title):
    """The first configuration under a heading of the document."""
    section = DOCUMENT.read_text().split(f"\n## {title}\n")[1].split("\n## ")[0]
    return textwrap.dedent("\n".join(re.search(r"(?:^    .*\n|^\n(?=    ))+", section, re.M).group(0).splitlines()))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Behind:
    """The tests of one proxy."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="crier-proxies-"))
        self.directory.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.port, self.public = free_port(), free_port()
        self.log = (self.directory / "log").open("ab")
        self.addCleanup(self.log.close)
        (self.directory / "crier.toml").write_text(f"""
            [[listen]]
            address = "127.0.0.1:{self.port}"
            hosts = ["events.example"]
            [server]
            heartbeat = "1h"
            retry = "200ms"
            [history]
            store = "sqlite"
            path = "{self.directory}/history.db"
            """)
        self.start_crier()
        self.addCleanup(lambda: self.stop_crier())
        proxy = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=self.log, cwd=self.directory)
        self.addCleanup(self.stop, proxy)
        self.await_port(self.public, proxy)

    def start_crier(self):
        self.crier = subprocess.Popen([os.environ["BINARY"], "serve", "--config", self.directory / "crier.toml"],
                                      stderr=self.log)
        self.await_port(self.port, self.crier)

    def stop_crier(self):
        self.stop(self.crier)

    def stop(self, process):
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def await_port(self, port, process):
        for _ in range(300):
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                if process.poll() is not None:
                    break
                time.sleep(0.05)
        self.fail("it does not listen: " + (self.directory / "log").read_text(errors="replace")[-2000:])

    def subscribe(self, path):
        source = EventSource(self.public, path)
        self.addCleanup(source.close)
        source.wait(lambda source: source.opened, 15, "the stream opens")
        return source

    def publish(self, data, fields=()):
        status, body = request(self.public, "POST", "/events/news", data, fields)
        self.assertEqual(status, 200, body)

    def test_passes_each_event_on_at_once(self):
        source = self.subscribe("/events/news")
        self.await_subscriber()
        for number in range(10):
            sent = time.monotonic()
            self.publish(f"{number}")
            source.wait(lambda source: len(source.events) > number, 5, f"event {number} comes")
            self.assertLess(source.events[number][1] - sent, AT_ONCE)
        self.assertEqual([data for data, _ in source.events], [f"{number}" for number in range(10)])

    def test_lets_a_page_of_the_same_origin_publish_and_no_other(self):
        self.publish("x", ["Origin: http://events.example", "Sec-Fetch-Site: same-origin"])
        self.publish("x", ["Origin: http://events.example"])
        status, _ = request(self.public, "POST", "/events/news", "x", ["Origin: http://evil.example", "Sec-Fetch-Site: cross-site"])
        self.assertEqual(status, 403)

    def test_lets_a_browser_resume_after_a_restart_of_crier(self):
        source = self.subscribe("/events/news")
        self.await_subscriber()
        self.publish("before")
        source.wait(lambda source: len(source.events) == 1, 5, "the first event comes")
        self.stop_crier()
        time.sleep(1.5)  # for so long the browser meets the proxy without crier
        self.assertIsNone(source.failure)
        self.start_crier()
        status, body = request(self.port, "POST", "/events/news", "after")
        self.assertEqual(status, 200, body)
        source.wait(lambda source: len(source.events) == 2, 20, "the second event comes")
        self.assertEqual([data for data, _ in source.events], ["before", "after"])

    def await_subscriber(self):
        for _ in range(100):
            status, body = request(self.port, "GET", "/channels/news")
            if status == 200 and '"subscribers":1,' in body:
                return
            time.sleep(0.05)
        self.fail("the subscriber does not reach crier")


class AlsoStreams(Behind):
    def test_passes_each_line_of_an_open_body_on_at_once(self):
        source = self.subscribe("/events/news")
        self.await_subscriber()
        publisher = Publisher(self.public, "news")
        for number in range(5):
            sent = time.monotonic()
            publisher.send('{"data":"%d"}' % number)
            source.wait(lambda source: len(source.events) > number, 5, f"line {number} comes")
            self.assertLess(source.events[number][1] - sent, AT_ONCE)
        self.assertEqual(publisher.finish(), 200)


class Nginx(AlsoStreams, unittest.TestCase):
    def command(self):
        locations = block("nginx").replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")
        (self.directory / "nginx.conf").write_text(f"""
            daemon off; master_process off; pid {self.directory}/pid; error_log stderr;
            events {{}}
            http {{
                access_log off; client_body_temp_path {self.directory}; proxy_temp_path {self.directory};
                fastcgi_temp_path {self.directory}; uwsgi_temp_path {self.directory}; scgi_temp_path {self.directory};
                server {{ listen 127.0.0.1:{self.public}; {locations} }}
            }}""")
        return ["nginx", "-c", self.directory / "nginx.conf", "-p", self.directory]


class Caddy(AlsoStreams, unittest.TestCase):
    def command(self):
        site = block("Caddy").replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")
        site = site.replace("events.example {", f"http://events.example:{self.public} {{\nbind 127.0.0.1", 1)
        (self.directory / "Caddyfile").write_text("{\nadmin off\n}\n" + site)
        os.environ["XDG_DATA_HOME"] = str(self.directory)
        return ["caddy", "run", "--config", self.directory / "Caddyfile", "--adapter", "caddyfile"]


class HAProxy(AlsoStreams, unittest.TestCase):
    def command(self):
        text = block("HAProxy").replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")
        text = re.sub(r"bind .*", f"bind 127.0.0.1:{self.public}", text)
        (self.directory / "haproxy.cfg").write_text(text + "\n")
        return ["haproxy", "-db", "-f", self.directory / "haproxy.cfg"]


class Apache(Behind, unittest.TestCase):
    def command(self):
        standby = free_port()
        text = block("Apache").replace("127.0.0.1:8080", f"127.0.0.1:{self.port}").replace("8079", str(standby))
        text = text.replace("*:80", f"127.0.0.1:{self.public}").replace("/srv/down", f"{self.directory}/down")
        (self.directory / "down").mkdir(mode=0o755)
        (self.directory / "down/down.sse").write_text("retry: 5000\n\n")
        modules = ["mpm_event", "authz_core", "proxy", "proxy_http", "proxy_balancer", "lbmethod_byrequests", "slotmem_shm",
                   "rewrite", "mime"]
        loads = "\n".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in modules)
        (self.directory / "apache.conf").write_text(
            f"ServerRoot {self.directory}\nServerName events.example\nPidFile {self.directory}/pid\nDefaultRuntimeDir {self.directory}\n"
            f"ErrorLog {self.directory}/log\nTypesConfig /dev/null\n{loads}\nListen 127.0.0.1:{self.public}\n{text}\n")
        return ["apache2", "-D", "FOREGROUND", "-f", self.directory / "apache.conf"]


class Varnish(AlsoStreams, unittest.TestCase):
    def command(self):
        text = block("Varnish").replace('"8080"', f'"{self.port}"')
        (self.directory / "crier.vcl").write_text(text + "\n")
        return ["varnishd", "-F", "-a", f"127.0.0.1:{self.public}", "-f", self.directory / "crier.vcl", "-n",
                self.directory / "work", "-s", "malloc,16m"]


if __name__ == "__main__":
    unittest.main()
