"""What a test needs to run the examples of a page as a reader would."""
import json, os, pathlib, re, select, signal, subprocess, tempfile, time, unittest, urllib.request

from notifying import Notifying
from page import blocks

URL = "http://localhost:8080"
ADDRESS = "127.0.0.1:8080"


class Running:
    """A command in the background, and what it has printed so far."""

    def __init__(self, command, directory, environment):
        self.command, self.printed = command, {"out": "", "errors": ""}
        self.process = subprocess.Popen(
            ["bash", "-c", command], cwd=directory, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True)
        self.pipes = {self.process.stdout: "out", self.process.stderr: "errors"}

    def wait_for(self, pattern, where="out", seconds=30):
        """Reads until a pattern has been printed."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.printed[where]):
            ready = select.select(list(self.pipes), [], [], max(0, deadline - time.monotonic()))[0]
            if not ready:
                raise AssertionError(f"{self.command!r} never printed {pattern!r}, but: {self.printed}")
            for pipe in ready:
                piece = os.read(pipe.fileno(), 65536)
                self.printed[self.pipes[pipe]] += piece.decode()
                if not piece:
                    del self.pipes[pipe]
        return self.printed[where]

    def end(self, seconds=30):
        """Its exit code, once it has ended by itself."""
        return self.process.wait(seconds)

    def stop(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


class Examples(unittest.TestCase):
    """A test of one page: it must take all blocks of the page, so a block without a line here fails the test."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="crier-recipes-")
        self.addCleanup(scratch.cleanup)
        self.directory = pathlib.Path(scratch.name)
        self.directory.chmod(0o755)
        (self.directory / "bin").mkdir()
        (self.directory / "bin/crier").symlink_to(os.environ["BINARY"])
        # The Debian packages before a toolchain of the user's own.
        self.environment = {**os.environ, "PATH": f"{self.directory}/bin:/usr/bin:{os.environ['PATH']}",
                            "GOCACHE": f"{self.directory}/cache"}
        self.daemon = None
        self.addCleanup(self.stop_daemon)

    def open(self, page, heading=""):
        self.left = [block for block in blocks(page) if re.search(heading, block.heading)]
        self.assertTrue(self.left)

    def next(self, language, beginning=""):
        self.assertTrue(self.left, f"the page has no example {beginning!r} any more")
        block = self.left.pop(0)
        self.assertEqual(block.language, language, block.text)
        self.assertTrue(block.text.startswith(beginning), f"{block.text!r} is the next example, not {beginning!r}")
        return block

    def save(self, language, change=lambda text: text):
        """Saves the next block as the file that its lead names."""
        block = self.next(language)
        self.assertTrue(block.file, f"{block.lead!r} names no file")
        path = self.directory / block.file.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(change(block.text))
        return path

    def run_next(self, beginning="", change=lambda text: text):
        return self.run_command(change(self.next("sh", beginning).text))

    def run_command(self, command):
        done = subprocess.run(["bash", "-ec", command], cwd=self.directory, env=self.environment, capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def start_next(self, beginning="", change=lambda text: text):
        return self.start(change(self.next("sh", beginning).text))

    def start(self, command):
        running = Running(command, self.directory, self.environment)
        self.addCleanup(running.stop)
        return running

    def finish(self):
        self.assertEqual(self.left, [], "examples that this test does not run")

    # The daemon

    def serve(self, config=None, listen=None, **settings):
        """Starts the daemon, with the file that the page shows where it shows one."""
        settings = {"server.retry": "100ms", "server.shutdown": "1s", "history.store": "sqlite",
                    "history.path": f"{self.directory}/history.db"} | settings
        command = ["crier", "serve", *(["--config", config] if config else []), *([f"--listen={listen}"] if listen else []),
                   *(f"--set={key}={value}" for key, value in settings.items())]
        self.daemon = Notifying(command, env=self.environment, cwd=self.directory, stderr=subprocess.DEVNULL)

    def stop_daemon(self, kill=False):
        if self.daemon:
            self.daemon.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            self.daemon.wait(20)
            self.daemon = None

    def cut(self, *events, channel="news"):
        """Kills the daemon, and publishes where no subscriber can connect, before it is back."""
        self.stop_daemon(kill=True)
        socket = f"unix:{self.directory}/socket"
        self.serve(listen=socket)
        for event in events:
            self.run_command(f"crier publish --url '{socket}' '{channel}' '{event}'")
        self.stop_daemon()
        self.serve()

    def request(self, path, data=None, method=None, **fields):
        request = urllib.request.Request(URL + path, data and data.encode(), fields, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def publish(self, data, channel="news"):
        return self.request(f"/events/{channel}", data)["id"]

    def subscribers(self, channel, count=1):
        """Waits until a channel has so many subscribers."""
        deadline = time.monotonic() + 20
        while True:
            try:
                if self.request(f"/channels/{channel}")["subscribers"] == count:
                    return
            except OSError:
                pass
            self.assertLess(time.monotonic(), deadline, f"{channel} never had {count} subscribers")
            time.sleep(0.02)
