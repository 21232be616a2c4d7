"""The examples work: the pages in a real Chromium and a real Firefox, the programs that sign tokens, the units."""
import http.server, os, pathlib, subprocess, sys, threading, unittest

import browsers
from running import Running
from stream import request

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
LIST = "[...document.querySelectorAll('#news li')].map(item => item.textContent)"
# A promise of an expression, as soon as a change of the page makes it true.
ONCE = """new Promise(resolve => {
    const look = () => { const found = %s; if (found) resolve(found) }
    new MutationObserver(look).observe(document.body, {childList: true, subtree: true, characterData: true})
    look()
})"""
started = {}


def tearDownModule():
    for browser in started.values():
        browser.quit()


class WithTokens(Running):
    def setUp(self):
        outer = self

        class Page(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if "favicon" in self.path:
                    return self.send_error(404)
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                if "cookie.html" in self.path:
                    self.send_header("Set-Cookie", f"crier={outer.token}; Path=/events; HttpOnly; SameSite=Lax")
                self.end_headers()
                self.wfile.write((EXAMPLES / "pages" / self.path.strip("/").partition("?")[0]).read_bytes())

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.pages = f"http://127.0.0.1:{server.server_port}"
        super().setUp()
        self.token = self.mint(EXAMPLES / "tokens/mint.py", sys.executable)

    def listener(self):
        return f'origins = ["{self.pages}"]'

    def settings(self):
        self.secret = self.directory / "jwt.secret"
        self.secret.write_bytes(os.urandom(48))
        return f"""
            [access]
            cookie = "crier"
            query-token = true
            [access.anonymous]
            publish = ["**"]
            [[access.jwt]]
            secret = "{self.secret}"
            [[channel]]
            pattern = "news/**"
            replay = 1
            """

    def mint(self, program, *interpreter):
        return subprocess.check_output([*interpreter, program, self.secret], text=True).strip()


class Programs(WithTokens, unittest.TestCase):
    def test_sign_tokens_that_crier_accepts(self):
        for program in sorted((EXAMPLES / "tokens").iterdir()):
            token = self.mint(program, *([sys.executable] if program.suffix == ".py" else []))
            for channel, status in ("news/eu", 200), ("other", 403):
                self.assertEqual(request(self.port, "HEAD", f"/events/{channel}", None, [f"Authorization: Bearer {token}"])[0],
                                 status, program)

    def test_the_unit_is_one_that_systemd_accepts_and_its_command_publishes(self):
        service = EXAMPLES / "systemd/disk-space.service"
        said = subprocess.run(["systemd-analyze", "verify", service, service.with_suffix(".timer")], capture_output=True, text=True)
        faults = [line for line in said.stderr.splitlines() if "disk-space" in line and "crier is not executable" not in line]
        self.assertEqual(faults, [])
        command = next(line for line in service.read_text().splitlines() if line.startswith("ExecStart="))
        command = command.split("-c ", 1)[1].strip("'").replace("crier publish", "crier publish --url http://127.0.0.1:%d" % self.port)
        (self.directory / "token").write_text(self.token)
        (self.directory / "crier").symlink_to(os.environ["BINARY"])
        environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(self.directory), "PATH": f"{self.directory}:{os.environ['PATH']}"}
        # Anybody may publish here, and the token is good all the same.
        subprocess.run(["/bin/sh", "-c", command], check=True, env=environment)


class Pages(WithTokens):
    def open(self, page, query=""):
        if self.name not in started:
            started[self.name] = browsers.ALL[self.name]()
        browser = started[self.name]
        browser.open(f"{self.pages}/{page}?server=http://127.0.0.1:{self.port}{query}")
        self.addCleanup(browser.open, "about:blank")
        return browser

    def shows(self, page, query=""):
        """Opens a page, which subscribes with the right to the last event."""
        request(self.port, "POST", "/events/news/eu", "an event")
        browser = self.open(page, query)
        self.assertTrue(browser.wait_for(ONCE % f"{LIST}.includes('an event')"))
        return browser

    def test_by_cookie(self):
        self.shows("cookie.html")

    def test_by_token_in_the_query(self):
        self.shows("query.html", f"&token={self.token}")

    def test_by_fetch_which_publishes_and_shows_why_it_may_not(self):
        browser = self.shows("fetch.html", f"&token={self.token}")
        browser.evaluate("(document.querySelector('[name=text]').value = 'from the page', document.querySelector('button').click())")
        self.assertTrue(browser.wait_for(ONCE % f"{LIST}.includes('from the page')"))
        browser = self.open("fetch.html", "&token=bad")
        problem = browser.wait_for(ONCE % "document.querySelector('#problem').textContent")
        self.assertIn("is not a JSON Web Token", problem)


def load_tests(loader, *_):
    suite = unittest.TestSuite(loader.loadTestsFromTestCase(Programs))
    for name in browsers.ALL:
        kind = type(f"Pages in {name}", (Pages, unittest.TestCase), {"name": name})
        suite.addTests(loader.loadTestsFromTestCase(kind))
    return suite
