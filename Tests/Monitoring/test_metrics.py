"""What Prometheus makes of a daemon's metrics, and whether the alert rules and the dashboard name metrics that exist."""
import http.client, json, os, pathlib, re, socket, subprocess, tempfile, unittest

from notifying import Notifying

MONITORING = pathlib.Path(__file__).resolve().parents[2] / "docs/monitoring"


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with socket.create_server(("127.0.0.1", 0)) as server:
            cls.port = server.getsockname()[1]
        # The metrics of a group have no sample without one.
        cls.configuration = tempfile.NamedTemporaryFile("w", suffix=".toml")
        cls.configuration.write('[[channel]]\npattern = "a"\ngroup = "letters"\n')
        cls.configuration.flush()
        command = [os.environ["BINARY"], "serve", f"--listen=127.0.0.1:{cls.port}", "--config", cls.configuration.name]
        cls.daemon = Notifying(command, stderr=subprocess.DEVNULL)
        stream = socket.create_connection(("127.0.0.1", cls.port))
        stream.sendall(b"GET /events/a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        stream.recv(4096)
        cls.get("/events/a", "POST", b"hello")
        stream.recv(4096)
        cls.stream = stream

    @classmethod
    def tearDownClass(cls):
        cls.stream.close()
        cls.daemon.terminate()
        cls.daemon.wait()
        cls.configuration.close()

    @classmethod
    def get(cls, path, method="GET", body=None, accept="*/*"):
        connection = http.client.HTTPConnection("127.0.0.1", cls.port, timeout=15)
        connection.request(method, path, body, {"Accept": accept})
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def test_promtool_has_nothing_to_say_of_the_metrics(self):
        checked = subprocess.run(
            ["promtool", "check", "metrics"], input=self.get("/metrics"), capture_output=True, text=True)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))

    def test_openmetrics_is_complete(self):
        text = self.get("/metrics", accept="application/openmetrics-text; version=1.0.0")
        self.assertTrue(text.endswith("# EOF\n"))
        families = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
        self.assertEqual(len(families), len(set(families)))
        for name, kind in families:
            self.assertFalse(kind == "counter" and name.endswith("_total"), name)
            samples = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}[kind]
            for suffix in samples:
                self.assertRegex(text, rf"(?m)^{name}{suffix}[ {{]")

    def test_no_label_has_what_clients_send(self):
        for name in ["secret-channel", "secret-agent"]:
            self.assertNotIn(name, self.get("/metrics"))

    def names(self):
        return set(re.findall(r"^(crier_\w+)", self.get("/metrics"), re.MULTILINE))

    def test_every_metric_of_the_dashboard_and_of_the_alerts_exists(self):
        dashboard = json.loads((MONITORING / "dashboard.json").read_text())
        expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        expressions.append((MONITORING / "alerts.yml").read_text())
        # Tests/Cluster looks for the metrics that only a node of a cluster has.
        used = set(re.findall(r"\bcrier_(?!cluster_)\w+", " ".join(expressions)))
        self.assertGreater(len(used), 15)
        families = {re.sub("_(bucket|sum|count)$", "", name) for name in self.names()}
        self.assertEqual(used - self.names() - families, set())

    def test_every_metric_is_described(self):
        described = (MONITORING.parent / "monitoring.md").read_text()
        for name in self.names():
            self.assertIn(f"`{re.sub('_(bucket|sum|count)$', '', name)}", described)


if __name__ == "__main__":
    unittest.main()
