"""Runs nodes of crier, and clients of them that notice everything that is lost, doubled or out of order."""
import contextlib, http.client, json, os, pathlib, signal, socket, subprocess, threading, time, urllib.error, urllib.request

from etcd import free_ports


class Node:
    """A crier that is a node of a cluster."""

    def __init__(self, binary, directory, name, etcd, settings=(), wrapper=()):
        self.name, self.process = name, None
        self.port = free_ports(1)[0]
        self.log = pathlib.Path(directory) / f"{name}-{self.port}.log"
        self.state = pathlib.Path(directory) / f"{name}-{self.port}.state"
        self.command = [*wrapper, str(binary), "serve", "--listen", f"127.0.0.1:{self.port}"]
        for setting in ("cluster.engine=etcd", "cluster.endpoints=" + " ".join(etcd.endpoints), f"cluster.node={name}",
                        f"cluster.path={self.state}", "server.heartbeat=1s", "server.retry=100ms", "server.shutdown=2s",
                        *settings):
            self.command += ["--set", setting]
        self.is_frozen = False

    def start(self):
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(self.command, stdout=output, stderr=output, start_new_session=True)
        return self

    def kill(self):
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)  # a wrapper has the node as its child
            self.process.wait()
            self.process, self.is_frozen = None, False

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)
        self.is_frozen = True

    def thaw(self):
        if self.process and self.is_frozen:
            self.process.send_signal(signal.SIGCONT)
            self.is_frozen = False

    def end(self, channel):
        """Ends a channel, and returns the status."""
        return self.status("DELETE", f"/channels/{channel}")

    def status(self, method, path):
        """The status of a request, whose body nobody reads."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path)
        status = connection.getresponse().status
        connection.close()
        return status

    def post(self, channel, data, key=None, timeout=30):
        """Publishes, and returns the status, the fields and the body of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        connection.request("POST", f"/events/{channel}", data, {"Idempotency-Key": key} if key else {})
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, json.loads(body) if body else None

    def publish(self, channel, data, key=None):
        status, _, body = self.post(channel, data, key)
        assert status == 200, (status, body)
        return body["id"]

    def await_line(self, words, seconds=20):
        """Waits until the log of the node has some words."""
        end = time.monotonic() + seconds
        while words not in self.log.read_text(errors="replace"):
            if time.monotonic() > end:
                raise AssertionError(f"{self.name} does not say {words!r}: {self.tail()}")
            time.sleep(0.05)

    def get(self, path, timeout=5):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=timeout) as answer:
            return answer.read().decode()

    def is_ready(self):
        try:
            return json.loads(self.get("/readyz"))["ready"]
        except (OSError, ValueError, http.client.HTTPException):
            return False

    def problem(self):
        """Why the node is not ready."""
        try:
            self.get("/readyz")
        except urllib.error.HTTPError as error:
            checks = json.loads(error.read())["checks"]
            return "; ".join(f"{name}: {check.get('reason')}" for name, check in checks.items() if not check["ok"])
        except (OSError, http.client.HTTPException) as error:
            return str(error)
        return ""

    def wait(self, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} has ended: {self.tail()}")
            if self.is_ready():
                return self
            time.sleep(0.05)
        raise AssertionError(f"{self.name} is not ready after {seconds} s: {self.problem()}\n{self.tail()}")

    def tail(self):
        return self.log.read_text(errors="replace")[-1500:]

    def stop(self):
        if self.process:
            self.thaw()
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
            self.process = None

    def metric(self, name):
        for line in self.get("/metrics").splitlines():
            if line.startswith(name + " "):
                return float(line.split()[1])
        return None

    def dump(self, channel):
        """All events that the node has of a channel, as (id, data)."""
        events, event = [], {}
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(f"GET /events/{channel}?replay=all HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            answer = connection.makefile("rb")
            while answer.readline().strip():
                pass
            for line in answer:
                line = line.decode().rstrip("\n")
                if line == ":":
                    return events  # a heartbeat: nothing more is there
                if not line and "data" in event:
                    events.append((event["id"], event["data"]))
                    event = {}
                elif line and not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    event[name] = value
        return events


class Publisher(threading.Thread):
    """Publishes numbered events one after the other, and repeats each with its key until a node answers that it has it."""

    def __init__(self, name, nodes, channel, interval=0.0):
        super().__init__(daemon=True)
        self.label, self.nodes, self.channel, self.interval = name, nodes, channel, interval
        self.answered, self.refused, self.certain, self.longest = [], 0, 0, 0.0
        self.stopping, self.at = threading.Event(), 0

    def run(self):
        number, connection = 0, None
        while not self.stopping.is_set():
            number += 1
            data, began = f"{self.label}-{number}", time.monotonic()
            while not self.stopping.is_set():
                node = self.nodes[self.at % len(self.nodes)]
                try:
                    if connection is None:
                        connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=15)
                    connection.request("POST", f"/events/{self.channel}", data, {"Idempotency-Key": data})
                    answer = connection.getresponse()
                    body = answer.read().decode()
                    if answer.status == 200:
                        self.answered.append((data, json.loads(body)["id"]))
                        self.longest = max(self.longest, time.monotonic() - began)
                        break
                    self.refused += answer.status == 503
                    if answer.status not in (409, 503):
                        raise AssertionError(f"{answer.status} {body}")
                    time.sleep(0.05)
                except (OSError, http.client.HTTPException):
                    connection = None
                    self.at += 1
                    time.sleep(0.02)
            if self.interval:
                time.sleep(self.interval)

    def stop(self):
        self.stopping.set()
        self.join(30)


class Subscriber(threading.Thread):
    """Follows a channel on one node, reconnects with its position, and keeps what it gets."""

    def __init__(self, node, channel, others=(), last=None, query="?replay=all"):
        super().__init__(daemon=True)
        self.query = query
        self.nodes, self.channel = [node, *others], channel
        self.events, self.gaps, self.drops, self.at, self.last = [], [], [], 0, last
        self.heartbeats = 0
        self.stopping, self.connection = False, None
        self.expects_drop = lambda: False

    def run(self):
        while not self.stopping:
            node = self.nodes[self.at % len(self.nodes)]
            try:
                self.read(node)
                if not self.stopping and not self.expects_drop():
                    self.drops.append((time.time(), node.name))
            except OSError as error:
                if not self.stopping and not self.expects_drop() and self.connection:
                    self.drops.append((time.time(), node.name, str(error)))
            self.connection = None
            self.at += 1
            time.sleep(0.05)

    def read(self, node):
        with socket.create_connection(("127.0.0.1", node.port), timeout=2) as connection:
            position = f"Last-Event-ID: {self.last}\r\n" if self.last else ""
            connection.settimeout(30)
            connection.sendall(f"GET /events/{self.channel}{self.query} HTTP/1.0\r\nHost: localhost\r\n{position}\r\n".encode())
            answer, event = connection.makefile("rb"), {}
            if b" 200 " not in answer.readline():
                return
            self.connection = connection
            for line in answer:
                line = line.decode().rstrip("\r\n")
                if not line:
                    if event.get("event") == "crier.gap":
                        self.gaps.append(event["data"])
                    elif "data" in event and "id" in event:
                        self.events.append((event["id"], event["data"], time.monotonic()))
                        self.last = event["id"]
                    event = {}
                elif line == ":":
                    self.heartbeats += 1
                elif ": " in line and not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    event[name] = value

    def await_events(self, count, seconds=20):
        end = time.monotonic() + seconds
        while len(self.events) < count:
            if time.monotonic() > end:
                raise AssertionError(f"{count} events have not come, but {[data for _, data, _ in self.events]}; gaps {self.gaps}")
            time.sleep(0.01)
        return [data for _, data, _ in self.events]

    def stop(self):
        self.stopping = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass
