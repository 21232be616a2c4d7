"""A crier, and perhaps a proxy in front of it, for as long as a test."""
import os, pathlib, shutil, signal, socket, subprocess, tempfile, time

from notifying import Notifying
from proxies import free_port
from stream import request

# Seconds in which an event must arrive that is said to be passed on at once.
AT_ONCE = 0.1


class Running:
    """What a test case needs: the ports of crier and of the proxy, which is crier's own without a proxy."""

    proxy = None

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="crier-clients-"))
        self.directory.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.log = (self.directory / "log").open("ab")
        self.addCleanup(self.log.close)
        self.port = free_port()
        (self.directory / "crier.toml").write_text(f"""
            [[listen]]
            address = "127.0.0.1:{self.port}"
            hosts = ["events.example"]
            {self.listener()}
            [server]
            heartbeat = "1h"
            retry = "200ms"
            shutdown = "1s"
            {self.settings()}
            [history]
            store = "sqlite"
            path = "{self.directory}/history.db"
            """)
        self.start_crier()
        self.addCleanup(lambda: self.stop(self.crier))
        self.public = self.port
        if self.proxy:
            self.start_proxy(self.proxy)

    def listener(self):
        """Further lines for crier's listener."""
        return ""

    def settings(self):
        """Further tables of crier's configuration."""
        return ""

    def start_proxy(self, proxy):
        self.public = free_port()
        process = subprocess.Popen(proxy(self.directory, self.port, self.public), stdout=subprocess.DEVNULL, stderr=self.log,
                                   cwd=self.directory, start_new_session=True)
        self.addCleanup(process.wait)
        self.addCleanup(os.killpg, process.pid, signal.SIGKILL)  # Apache takes ten seconds to stop by itself
        self.await_port(self.public, process)

    def start_crier(self):
        try:
            self.crier = Notifying([os.environ["BINARY"], "serve", "--config", self.directory / "crier.toml"], stderr=self.log)
        except AssertionError as error:
            self.fail(f"{error}: {self.logged()}")

    def logged(self):
        """The end of what crier, the proxy and the clients have written to their standard error."""
        return (self.directory / "log").read_text(errors="replace")[-2000:]

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
        self.fail(f"it does not listen: {self.logged()}")

    def publish(self, data, fields=(), port=None, channel="news"):
        """Publishes an event, and returns its id."""
        status, body = request(port or self.public, "POST", f"/events/{channel}", data, fields)
        self.assertEqual(status, 200, body)
        return body.split('"')[3]

    def await_subscribers(self, count, channel="news"):
        # A client that fails to connect once may wait ten seconds, and then twenty.
        end = time.monotonic() + 60
        while time.monotonic() < end:
            status, body = request(self.port, "GET", f"/channels/{channel}")
            if (status == 200 and f'"subscribers":{count},' in body) or (status == 404 and count == 0):
                return
            time.sleep(0.05)
        self.fail(f"crier does not have {count} subscribers: {body} {self.logged()}")
