"""A crier daemon, a proxy whose connections can be cut, and a way to wait for a condition."""

import asyncio
import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from urllib.parse import urlencode

from notifying import Notifying

DEADLINE = 20


def eventually(condition, what):
    """Returns the first true value of `condition()`; fails when there is none before the deadline."""
    end = time.monotonic() + DEADLINE
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {DEADLINE} s: {what}")
        time.sleep(0.02)
    return value


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Crier:
    """A daemon of its own, on a port that it keeps across restarts."""

    def __init__(self, **settings):
        self.port = free_port()
        settings = {"server.retry": "200ms", "server.log-level": "warning"} | settings
        self._command = [os.environ["BINARY"], "serve", "--listen", f"127.0.0.1:{self.port}"]
        self._command += [f"--set={key}={value}" for key, value in settings.items()]
        self.start()

    def start(self):
        self._process = Notifying(self._command)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def terminate(self):
        """Stops the daemon as systemd would, and returns its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(DEADLINE)

    def request(self, method, target, body=None):
        """Returns the status and the JSON of an answer, or its text where that is not JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request(method, target, body)
            response = connection.getresponse()
            content = response.read().decode()
        finally:
            connection.close()
        return response.status, json.loads(content) if "json" in response.headers["Content-Type"] else content

    def publish(self, target, data, **parameters):
        """Publishes an event, as in `publish("/events/news", "hello", event="headline")`; returns the receipt."""
        if parameters:
            target += "?" + urlencode(parameters)
        status, receipt = self.request("POST", target, data.encode())
        assert status == 200, receipt
        return receipt

    def subscribers(self, channel):
        """How many there are; fails when the channel has neither subscribers nor events."""
        return self.request("GET", f"/channels/{channel}")[1]["subscribers"]

    def stream(self, target):
        """Subscribes without a browser; closing the answer ends it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        connection.request("GET", target)
        return connection.getresponse()


class Proxy:
    """Carries bytes between the browser and the daemon, and cuts the connections when a test asks for it."""

    def __init__(self, daemon_port):
        self.requested = bytearray()
        """All that browsers have sent."""
        self.budget = sys.maxsize
        """How many bytes browsers may still get. It closes a connection that brings more."""
        self._daemon_port = daemon_port
        self._transports = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._carry, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self):
        self._run(self._finish())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self, *, reset):
        """Cuts all connections, with RST or with FIN, and closes new ones until `mend` is called."""
        self._run(self._abort(reset))

    def mend(self):
        self.budget = sys.maxsize

    def subscriptions(self):
        """How many event streams browsers have asked for."""
        return self.requested.count(b"GET /events")

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(DEADLINE)

    async def _abort(self, reset):
        self.budget = 0
        no_linger = struct.pack("ii", 1, 0)
        for transport in self._transports:
            if reset and not transport.is_closing():
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
            transport.abort()

    async def _finish(self):
        self._server.close()
        await self._abort(reset=True)
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)

    async def _carry(self, browser_reader, browser_writer):
        daemon_reader, daemon_writer = await asyncio.open_connection("127.0.0.1", self._daemon_port)
        transports = {browser_writer.transport, daemon_writer.transport}
        self._transports |= transports
        await asyncio.gather(
            self._carry_up(browser_reader, daemon_writer), self._carry_down(daemon_reader, browser_writer))
        self._transports -= transports

    async def _carry_up(self, browser, daemon):
        try:
            while piece := await browser.read(65536):
                self.requested += piece
                daemon.write(piece)
                await daemon.drain()
        except ConnectionError:
            pass
        daemon.close()

    async def _carry_down(self, daemon, browser):
        try:
            while piece := (await daemon.read(65536))[:self.budget]:
                self.budget -= len(piece)
                browser.write(piece)
                await browser.drain()
        except ConnectionError:
            pass
        browser.close()
