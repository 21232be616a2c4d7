"""The jobs of docs/recipes: from a service, a log and a build to a browser."""
import glob, http.server, os, pathlib, re, subprocess, threading, time, urllib.error, urllib.request

from browsing import Browsing
from examples import URL


class Recipes(Browsing):
    def beside_crier(self, page):
        """Serves a page and the events from one address, as the proxy of a reader does."""
        html = (self.directory / page).read_bytes()

        class Proxy(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if not self.path.startswith("/events"):
                    self.send_response(200)
                    self.send_header("Content-Type", "text/html")
                    self.end_headers()
                    return self.wfile.write(html)
                fields = {name: value for name, value in self.headers.items() if name in ("Accept", "Last-Event-ID")}
                with urllib.request.urlopen(urllib.request.Request(URL + self.path, headers=fields)) as stream:
                    self.send_response(200)
                    self.send_header("Content-Type", stream.headers["Content-Type"])
                    self.end_headers()
                    try:
                        for line in stream:
                            self.wfile.write(line)
                    except OSError:
                        pass

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}/"

    def accepted_by_systemd(self, unit):
        said = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True).stderr
        # Neither crier nor the service of the reader is installed where the test runs.
        faults = [line for line in said.splitlines() if unit.name in line and "is not executable" not in line]
        self.assertEqual(faults, [])

    def command(self, unit, key, **specifiers):
        """A command of a unit, with the socket and the binary of this test."""
        line = re.search(rf"^{key}=-?(.*)$", unit.read_text(), re.MULTILINE)[1]
        for name, value in specifiers.items():
            line = line.replace(f"%{name}", value)
        return line.replace("/usr/bin/crier", "crier").replace("/run/crier/publish.sock", f"{self.directory}/publish.sock")

    def also_at_the_publish_socket(self, config):
        """Adds the sockets that the package has to a configuration."""
        config.write_text(config.read_text() + f"""
            [[listen]]
            address = "127.0.0.1:8080"
            [[listen]]
            address = "unix:{self.directory}/publish.sock"
            roles = ["publish"]
            """)
        return config

    def test_systemd_service_to_browser(self):
        self.open("recipes/systemd-service.md")
        drop_in = self.save("ini")
        unit = drop_in.parent.parent / "backup.service"
        unit.write_text("[Service]\nType=oneshot\nExecStart=/bin/true\n")
        self.accepted_by_systemd(unit)
        self.next("sh", "sudo systemctl daemon-reload")
        self.serve(self.also_at_the_publish_socket(self.save("toml")))
        self.save("html")

        self.run_command(self.command(drop_in, "ExecStartPre", N="backup"))
        self.run_command(self.command(drop_in, "ExecStartPre", N="mail"))
        self.visit(self.beside_crier("services.html"))
        states = "document.querySelector('table').innerText.replaceAll(/\\s+/g, ' ').trim()"
        self.shows(f"{states} === 'backup running mail running'")
        self.environment["SERVICE_RESULT"] = "exit-code"
        self.run_command(self.command(drop_in, "ExecStopPost", N="backup"))
        self.shows(f"{states} === 'backup exit-code mail running'")

        # A page that opens later begins with the newest state of each.
        self.visit("about:blank")
        self.visit(self.beside_crier("services.html"))
        self.shows(f"{states}.split(' ').sort().join(' ') === 'backup exit-code mail running'")
        self.finish()

    def test_log_tailing(self):
        self.open("recipes/log-tailing.md")
        unit = self.save("ini")
        self.accepted_by_systemd(unit)
        self.serve(self.also_at_the_publish_socket(self.save("toml")))
        log = self.directory / "app.log"
        log.write_text("an old line\n")

        self.start(self.command(unit, "ExecStart").replace("/var/log/app.log", str(log)))
        command, curl = self.next("sh", "crier subscribe").text, self.next("sh", "curl -N").text
        client, stream = self.start(command), self.start(curl)
        self.subscribers("logs/app", 2)
        self.subscribe_by_script("logs")
        # tail is at the end of the file once it has opened it.
        self.wait_until_open(log)
        with log.open("a") as file:
            file.write("first\nsecond\n")
        client.wait_for("^first\nsecond\n$")
        stream.wait_for("data: first\n(.*\n)*data: second\n")
        self.logs("logs/app: first", "logs/app: second")

        log.rename(self.directory / "app.log.1")
        log.write_text("after the rotation\n")
        client.wait_for("^first\nsecond\nafter the rotation\n$")
        self.assertIn("first\nsecond\nafter the rotation\n", self.start(command).wait_for("rotation\n"))
        self.finish()

    def wait_until_open(self, file):
        """Waits until some process reads a file, and stands at its end."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for link in glob.glob("/proc/[0-9]*/fd/*"):
                try:
                    if os.readlink(link) == str(file):
                        place = pathlib.Path(link.replace("/fd/", "/fdinfo/")).read_text().split()[1]
                        if int(place) == file.stat().st_size:
                            return
                except OSError:
                    pass
            time.sleep(0.02)
        self.fail(f"nobody has opened {file}")

    def test_progress_of_a_build(self):
        self.open("recipes/ci-progress.md")
        config = self.save("toml")
        self.run_next("head -c 48")
        self.environment["CRIER_TOKEN"] = self.run_next("crier token mint").strip()
        self.serve(config.name)
        self.save("sh")
        # Each step of the build waits until the test lets it go on.
        (self.directory / "Makefile").write_text("compile check package:\n\t@read go < $@.step\n")
        steps = {step: self.directory / f"{step}.step" for step in ("compile", "check", "package")}
        for step in steps.values():
            os.mkfifo(step)
        build = self.start_next("CRIER_URL=")
        self.save("html")
        bar, text = "document.querySelector('progress')", "document.querySelector('span').textContent"
        shown = f"`${{{bar}.value}}/${{{bar}.max}} ${{{text}}}`"
        self.visit(self.beside_crier("build.html") + "build.html?4711")
        for progress, step in ("0/3 compile", "compile"), ("1/3 test", "check"), ("2/3 package", "package"):
            self.shows(f"{shown} === '{progress}'")
            steps[step].write_text("go\n")
        self.shows(f"{shown} === '3/3 done'")
        self.assertEqual(build.end(), 0)
        self.shows("events.readyState === EventSource.CLOSED")

        with self.assertRaises(urllib.error.HTTPError) as refusal:
            self.request("/events/builds/4712", "{}", Authorization=f"Bearer {self.environment['CRIER_TOKEN']}")
        self.assertEqual(refusal.exception.code, 403)
        # A build does not fail because there is no daemon.
        self.stop_daemon()
        (self.directory / "Makefile").write_text("compile check package:\n\t@true\n")
        self.run_command("CRIER_URL=http://localhost:8080 BUILD=4711 bash build.sh")
        self.finish()


del Browsing
