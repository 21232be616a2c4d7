"""Real clients, directly and behind each proxy: each gets every event at once, and resumes after the last that it has seen."""
import os, pathlib, queue, signal, subprocess, sys, threading, time, unittest

import proxies
from running import AT_ONCE, Running

PROGRAMS = pathlib.Path(__file__).with_name("programs")


def python(name):
    return [sys.executable, PROGRAMS / name]


CLIENTS = {
    "requests": python("with_requests.py"),
    "sseclient-py": python("with_sseclient_py.py"),
    "requests-sse": python("with_requests_sse.py"),
    "httpx-sse": python("with_httpx_sse.py"),
    "aiohttp-sse-client": python("with_aiohttp_sse_client.py"),
    "curl": ["sh", PROGRAMS / "with_curl.sh"],
    "fetch of Node": ["node", PROGRAMS / "with_fetch.mjs"],
    "HttpClient of Java": ["java", PROGRAMS / "WithHttpClient.java"],
}


class Reader:
    """A client that runs, and the data that it prints."""

    def __init__(self, case, command, url, last_event_id=None):
        environment = {**os.environ, **({"LAST_EVENT_ID": last_event_id} if last_event_id else {})}
        self.process = subprocess.Popen([*command, url], stdout=subprocess.PIPE, stderr=case.log, env=environment,
                                        start_new_session=True)
        case.addCleanup(self.stop)
        self.lines = queue.Queue()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put((line.decode().rstrip("\n"), time.monotonic()))

    def next(self):
        return self.lines.get(timeout=20)

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)  # a shell has children
            self.process.wait()
        self.thread.join()
        self.process.stdout.close()


class AClient(Running):
    def check(self, name, command):
        url = f"http://127.0.0.1:{self.public}/events/news"
        reader = Reader(self, command, url)
        self.await_subscribers(1)
        for number in range(3):
            sent = time.monotonic()
            last = self.publish(f"{name} {number}", port=self.port)
            data, arrived = reader.next()
            self.assertEqual(data, f"{name} {number}")
            self.assertLess(arrived - sent, AT_ONCE)
        reader.stop()
        self.publish(f"{name} missed", port=self.port)
        self.assertEqual(Reader(self, command, url, last).next()[0], f"{name} missed")


def cases():
    """A test case for each proxy and one without, with a test for each client."""
    tests = {f"test_{name}": lambda case, name=name, command=command: case.check(name, command) for name, command in CLIENTS.items()}
    for proxy in [None, *proxies.ALL]:
        name = f"Behind{proxy.__name__.capitalize()}" if proxy else "Direct"
        yield name, type(name, (AClient, unittest.TestCase), {**tests, "proxy": staticmethod(proxy) if proxy else None})


globals().update(cases())
