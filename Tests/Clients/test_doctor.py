"""crier doctor, before a good nginx, and before one that is broken on purpose in each way."""
import http.server, json, os, re, subprocess, threading, time, unittest
from email.utils import formatdate

from proxies import free_port
from running import Running

LIMITED = "prlimit --nofile=1024:1024"
GOOD = "proxy_buffering off; proxy_read_timeout 1h;"


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Doctor(Running, unittest.TestCase):
    def listener(self):
        return 'origins = ["https://app.example"]'

    def setUp(self):
        super().setUp()
        # The daemon of other tests has no heartbeats.
        self.set_heartbeat("1s")

    def set_heartbeat(self, period):
        text = (self.directory / "crier.toml").read_text()
        (self.directory / "crier.toml").write_text(re.sub(r'heartbeat = ".*?"', f'heartbeat = "{period}"', text))
        self.stop(self.crier)
        self.start_crier()

    def nginx(self, location=GOOD, listen="", http=""):
        """Starts an nginx in front of crier, with further lines of its location, its socket and all of it."""
        def configuration(directory, port, public):
            (directory / "nginx.conf").write_text(f"""
                daemon off; master_process off; pid {directory}/pid; error_log stderr;
                events {{}}
                http {{
                    access_log off; client_body_temp_path {directory}; proxy_temp_path {directory};
                    fastcgi_temp_path {directory}; uwsgi_temp_path {directory}; scgi_temp_path {directory};
                    {http}
                    server {{
                        listen 127.0.0.1:{public} {listen};
                        location / {{
                            proxy_pass http://127.0.0.1:{port}; proxy_http_version 1.1;
                            proxy_set_header Connection ""; proxy_set_header Host localhost;
                            {location}
                        }}
                    }}
                }}""")
            return ["nginx", "-c", directory / "nginx.conf", "-p", directory]
        self.start_proxy(configuration)

    def examine(self, *arguments, url=None, status=0, variables={}):
        """The findings, by the name of the check."""
        url = url or f"http://127.0.0.1:{self.public}/events/test"
        done = subprocess.run([os.environ["BINARY"], "doctor", url, "--json", "--wait", "3", *arguments],
                              capture_output=True, text=True, env={**os.environ, **variables})
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        findings = json.loads(done.stdout)["findings"]
        for finding in findings:
            self.assertEqual(set(finding), {"check", "status", "sentence", "fix"})
            self.assertEqual(finding["status"] in ("failed", "warning"), finding["fix"] is not None, finding)
            self.assertRegex(finding["sentence"], r"[.]$")
        return {finding["check"]: finding for finding in findings}

    def assertFinds(self, check, words, findings, status="failed"):
        self.assertEqual(findings[check]["status"], status, findings[check])
        self.assertIn(words, findings[check]["sentence"])

    def test_finds_nothing_wrong_with_a_good_nginx(self):
        self.nginx()
        findings = self.examine("--origin", "https://app.example")
        self.assertEqual({name for name, finding in findings.items() if finding["status"] != "ok"},
                         {"connections"} | ({"descriptors"} if findings["descriptors"]["status"] != "ok" else set()))
        self.assertIn("heartbeat", findings["timeout"]["sentence"])

    def test_finds_a_proxy_that_holds_events_back(self):
        # With proxy_buffering on, nginx passes on what has come as soon as crier pauses. So this one is slow instead.
        self.nginx("proxy_ignore_headers X-Accel-Buffering; limit_rate 10;")
        self.assertFinds("buffering", "holds it back", self.examine(status=1))

    def test_finds_a_proxy_that_compresses(self):
        self.nginx(GOOD + "gzip on; gzip_types text/event-stream; gzip_min_length 0; gzip_proxied any;")
        self.assertFinds("compression", "gzip", self.examine(status=1))

    def test_finds_a_wrong_type(self):
        self.nginx(GOOD + "proxy_hide_header Content-Type; add_header Content-Type text/plain;")
        self.assertFinds("type", "text/plain", self.examine(status=1))

    def test_finds_an_origin_that_may_not_read(self):
        self.nginx()
        self.assertFinds("origin", "no Access-Control-Allow-Origin", self.examine("--origin", "https://b.example", status=1))

    def test_finds_a_field_of_cors_that_comes_twice(self):
        self.nginx(GOOD + "add_header Access-Control-Allow-Origin https://app.example;")
        self.assertFinds("origin", "twice", self.examine("--origin", "https://app.example", status=1))

    def test_finds_a_preflight_that_is_refused(self):
        self.nginx(GOOD + "limit_except GET POST { deny all; }")
        self.assertFinds("origin", "preflight", self.examine("--origin", "https://app.example", status=1))

    def test_finds_a_proxy_that_drops_the_position(self):
        self.nginx(GOOD + 'proxy_set_header Last-Event-ID "";')
        self.assertFinds("position", "does not reach", self.examine(status=1))

    def test_finds_a_time_out_that_is_shorter_than_the_heartbeat(self):
        self.set_heartbeat("1m")
        self.nginx("proxy_buffering off; proxy_read_timeout 1s;")
        self.assertFinds("timeout", "before the first heartbeat", self.examine(status=1))

    def test_says_when_no_heartbeat_came(self):
        self.set_heartbeat("1m")
        self.assertFinds("timeout", "without a heartbeat", self.examine(), "warning")

    def test_finds_a_proxy_that_does_not_reach_the_daemon(self):
        self.nginx()
        self.stop(self.crier)
        self.assertFinds("status", "502", self.examine(status=1))

    def test_finds_what_the_daemon_refuses(self):
        self.assertFinds("status", "404", self.examine(url=f"http://127.0.0.1:{self.port}/nothing/here", status=1))
        self.assertFinds("status", "421", self.examine(url=f"http://unknown.localhost:{self.port}/events/a", status=1))

    def test_finds_nothing_at_all(self):
        self.assertFinds("connection", "connect", self.examine(url=f"http://127.0.0.1:{free_port()}/events/a", status=1))

    def certificate(self, days, *names):
        """A certificate by an authority of the test, and the variables that make curl trust it."""
        at = self.directory
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", at / "ca.key", "-out", at / "ca.pem", "-days", 365,
                "-subj", "/CN=authority of the test")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", at / "key.pem", "-out", at / "request.pem", "-subj", "/CN=a")
        (at / "names").write_text("subjectAltName=" + ",".join(names))
        openssl("x509", "-req", "-in", at / "request.pem", "-CA", at / "ca.pem", "-CAkey", at / "ca.key", "-CAcreateserial",
                "-days", days, "-extfile", at / "names", "-out", at / "cert.pem")
        self.nginx(listen="ssl http2", http=f"ssl_certificate {at}/cert.pem; ssl_certificate_key {at}/key.pem;")
        return {"CURL_CA_BUNDLE": str(at / "ca.pem")}

    def test_is_content_with_http_2_and_a_good_certificate(self):
        trust = self.certificate(90, "IP:127.0.0.1")
        url = f"https://127.0.0.1:{self.public}/events/test"
        findings = self.examine(url=url, variables=trust)
        self.assertFinds("connections", "share one connection", findings, "ok")
        self.assertFinds("certificate", "ends in 89 days", findings, "ok")

    def test_finds_a_certificate_that_ends_soon_and_one_that_nobody_trusts(self):
        trust = self.certificate(3, "IP:127.0.0.1")
        url = f"https://127.0.0.1:{self.public}/events/test"
        self.assertFinds("certificate", "ends in 2 days", self.examine(url=url, variables=trust), "warning")
        self.assertFinds("certificate", "not accepted", self.examine(url=url, status=1))

    def test_finds_a_certificate_for_another_name(self):
        trust = self.certificate(90, "DNS:other.example")
        url = f"https://127.0.0.1:{self.public}/events/test"
        self.assertFinds("certificate", "not accepted", self.examine(url=url, status=1, variables=trust))

    def test_finds_clocks_that_differ(self):
        class Late(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.send_response_only(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Date", formatdate(time.time() - 3600, usegmt=True))
                self.end_headers()
                self.wfile.write(b":ok\n")
                self.wfile.flush()
                threading.Event().wait(4)
                self.close_connection = True

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Late)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        findings = self.examine(url=f"http://127.0.0.1:{server.server_port}/events/a", status=1)
        self.assertRegex(findings["clock"]["sentence"], r"differ by 36\d\d s")
        self.assertEqual(findings["clock"]["status"], "failed")

    @unittest.skipIf(os.getuid() != 0, "only root may change the limits of a network namespace")
    def test_finds_low_limits_of_this_machine(self):
        port = free_port()
        script = f"""ip link set lo up; echo 128 > /proc/sys/net/core/somaxconn
            {LIMITED} {os.environ["BINARY"]} serve --listen 127.0.0.1:{port} --set server.heartbeat=1s & daemon=$!
            trap 'kill $daemon' EXIT
            for attempt in $(seq 100); do curl -s -o {self.directory}/health localhost:{port}/healthz && break; sleep 0.05; done
            {os.environ["BINARY"]} doctor localhost:{port} --json --wait 2"""
        done = subprocess.run(["unshare", "--net", "--mount", "sh", "-c", "mount -t sysfs none /sys; " + script],
                              capture_output=True, text=True)
        findings = json.loads(done.stdout)["findings"]
        self.assertIn("No more than 128 connections", [f["sentence"] for f in findings if f["check"] == "backlog"][0])
        self.assertTrue([f for f in findings if "may have 1024 descriptors" in f["sentence"] and f["status"] == "warning"])

    def test_prints_a_line_for_each_finding_and_its_fix_below(self):
        done = subprocess.run([os.environ["BINARY"], "doctor", f"127.0.0.1:{self.port}", "--wait", "2"],
                              capture_output=True, text=True)
        lines = done.stdout.splitlines()
        self.assertTrue(all(line.split()[0] in ("ok", "warning", "failed", "skipped") or line.startswith(" " * 22) for line in lines))
        self.assertNotIn("\033", done.stdout)
        self.assertNotIn("Waiting", done.stdout)


if __name__ == "__main__":
    unittest.main()
