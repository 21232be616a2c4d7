"""docs/getting-started.md from its first line to its last, as a newcomer reads it."""
import shlex, signal, subprocess, time, urllib.error, urllib.request

from browsing import Browsing
from examples import URL
from notifying import Notifying

# Examples that other tests run.
ELSEWHERE = {
    "make run": "`make readme` runs the same binary on its defaults",
    "export PATH": "the binary of this test is on the path already",
    "make deb": "`make package` installs the package",
    "sudo systemctl": "`make systemd` reloads the daemon",
}
PAGE = "http://localhost:8000/"
LIST = "[...document.querySelectorAll('li')].map(item => item.textContent)"


class GettingStarted(Browsing):
    def skip(self, beginning):
        self.next("sh", beginning)
        print(f"not run here: {beginning} ({ELSEWHERE[beginning]})")

    def serve_next(self):
        """Starts the daemon as the page says, with a short time between two connects."""
        command = shlex.split(self.next("sh", "crier serve").text)
        self.daemon = Notifying([*command, "--set=server.retry=100ms"], env=self.environment, cwd=self.directory,
                                stderr=subprocess.DEVNULL)

    def lists(self, *items):
        """The page shows these, the newest first."""
        self.shows(f"document.querySelectorAll('li').length >= {len(items)}")
        self.assertEqual(self.browser.evaluate(LIST), list(items))

    def refuses(self, beginning, status):
        """Waits until crier refuses a publish without a token."""
        deadline = time.monotonic() + 20
        while True:
            try:
                self.publish(beginning, "refused")
            except urllib.error.HTTPError as refusal:
                return self.assertEqual(refusal.code, status)
            self.assertLess(time.monotonic(), deadline, "crier has not read the file again")
            time.sleep(0.02)

    def test_each_step(self):
        self.open("getting-started.md")
        self.skip("make run")
        self.serve()
        terminal = self.start_next("curl -N")
        self.subscribers("news")
        self.run_next("curl -d 'hello'")
        terminal.wait_for("data: hello\n")
        self.stop_daemon()
        (self.directory / "history.db").unlink()

        config = self.save("toml")
        page = self.save("html")
        self.skip("export PATH")
        self.serve_next()
        self.environment["PYTHONUNBUFFERED"] = "1"
        self.start_next("python3 -m http.server").wait_for("Serving HTTP")
        self.visit(PAGE)
        self.subscribers("news")
        self.run_next("crier publish")
        seen = ["hello, page"]
        self.lists(*seen)

        resumed = self.start_next("id=$(crier publish")
        resumed.wait_for("data: the first that you missed\n\n(.*\n)*data: the second\n")
        self.assertNotIn("the last event", resumed.printed["out"])
        seen = ["the second", "the first that you missed", "the last event that you saw", *seen]
        self.lists(*seen)

        self.run_next("kill -9")
        self.daemon.wait(20)
        # An event that the page must miss, because it cannot reach this daemon.
        hidden = f"unix:{self.directory}/hidden"
        self.serve(config.name, hidden)
        self.run_command(f"crier publish --url {hidden} news 'in the meantime'")
        self.stop_daemon()
        self.serve_next()
        self.run_next("crier publish news 'still here'")
        seen = ["still here", "in the meantime", *seen]
        self.lists(*seen)

        self.run_next("head -c 48")
        config.write_text(config.read_text() + self.next("toml").text)
        self.subscribers("news")
        self.run_next("kill -HUP")
        self.refuses("without a token", 401)
        self.run_next("crier publish --token-file")
        seen = ["with a token", *seen]
        self.lists(*seen)
        self.stop_daemon()

        self.skip("make deb")
        installed = self.save("toml")
        self.assertEqual(installed, self.directory / "etc/crier/crier.toml")
        site = self.save("nginx", lambda text: text.replace("/srv/news", f"{self.directory}/srv"))
        (self.directory / "srv").mkdir()
        (self.directory / "srv/index.html").write_text(page.read_text().replace(URL, ""))
        self.behind_nginx(installed, site)
        self.skip("sudo systemctl")
        self.finish()

    def behind_nginx(self, config, site):
        """The last step: systemd's socket, and nginx in front."""
        activate = subprocess.Popen(
            ["systemd-socket-activate", "--listen=127.0.0.1:8080", "--fdname=crier", "crier", "serve", "--config", config],
            env=self.environment, cwd=self.directory, stderr=subprocess.DEVNULL)
        self.addCleanup(activate.wait)
        self.addCleanup(activate.send_signal, signal.SIGTERM)
        main = self.directory / "nginx.conf"
        kinds = "client_body", "proxy", "fastcgi", "uwsgi", "scgi"
        temporary = "".join(f"{kind}_temp_path {self.directory}; " for kind in kinds)
        main.write_text(f"daemon off; master_process off; user root; pid {self.directory}/pid; error_log stderr; events {{}}\n"
                        f"http {{ access_log off; {temporary} include {site}; }}\n")
        nginx = subprocess.Popen(["nginx", "-c", main, "-p", self.directory], stderr=subprocess.DEVNULL)
        self.addCleanup(nginx.wait)
        self.addCleanup(nginx.send_signal, signal.SIGTERM)
        self.assertEqual(self.through_nginx("HEAD"), 200)
        self.assertEqual(self.through_nginx("POST"), 403)
        self.visit("http://localhost/")
        self.subscribers("news")
        self.publish("through nginx")
        self.lists("through nginx")

    def through_nginx(self, method):
        """The status of a request to the public name, once nginx listens."""
        request = urllib.request.Request("http://localhost/events/news", headers={"Host": "events.example"}, method=method)
        deadline = time.monotonic() + 20
        while True:
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return answer.status
            except urllib.error.HTTPError as refusal:
                if refusal.code != 502:
                    return refusal.code
            except OSError:
                pass
            self.assertLess(time.monotonic(), deadline, "nginx does not answer")
            time.sleep(0.05)


del Browsing
