"""A client of event streams that does what the standard says a browser does (WHATWG HTML 9.2.3), with nothing buffered."""
import select, socket, threading, time


class EventSource:
    """Reads events on a thread of its own. Gives up, as a browser does, on any answer but 200 with the right type."""

    def __init__(self, port, path, retry=0.3, fields=()):
        self.port, self.path, self.retry = port, path, retry
        self.fields = "".join(f"{field}\r\n" for field in fields)
        self.events, self.failure, self.opened, self.asked = [], None, 0, 0
        self.last_id, self.changed, self.closed = "", threading.Condition(), False
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while not self.closed and not self.failure:
            try:
                self.read()
            except OSError:
                pass
            time.sleep(self.retry)

    def read(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            position = f"Last-Event-ID: {self.last_id}\r\n" if self.last_id else ""
            connection.sendall((f"GET {self.path} HTTP/1.1\r\nHost: events.example\r\nAccept: text/event-stream\r\n"
                                f"Cache-Control: no-cache\r\n{position}{self.fields}\r\n").encode())
            self.connection = connection
            self.note(asked=1)
            answer = connection.makefile("rb", buffering=0)
            head = read_head(answer)
            if not head:
                return
            status, fields = head
            if status != 200 or not fields.get("content-type", "").startswith("text/event-stream"):
                return self.note(failure=f"{status} {fields.get('content-type')}")
            self.note(opened=1)
            event = {}
            for line in lines(answer, fields):
                if not line:
                    if "data" in event:
                        self.last_id = event.get("id", self.last_id)
                        self.note(event=event["data"])
                    event = {}
                elif not line.startswith(":"):
                    name, _, value = line.partition(":")
                    event[name] = value.removeprefix(" ")

    def note(self, event=None, failure=None, opened=0, asked=0):
        with self.changed:
            self.opened += opened
            self.asked += asked
            self.failure = failure
            if event is not None:
                self.events.append((event, time.monotonic()))
            self.changed.notify_all()

    def wait(self, condition, seconds, what):
        """Waits for a condition of this client; fails with what was waited for."""
        with self.changed:
            if not self.changed.wait_for(lambda: condition(self) or self.failure, seconds) or self.failure:
                raise AssertionError(f"{what}: it has {[data for data, _ in self.events]}, {self.failure}")

    def close(self):
        self.closed = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass


def read_head(answer):
    lines = []
    while True:
        line = read_line(answer)
        if line is None:
            return None
        if not line:
            break
        lines.append(line)
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return int(lines[0].split()[1]), fields


def read_line(answer):
    line = b""
    while not line.endswith(b"\n"):
        byte = answer.read(1)
        if not byte:
            return None
        line += byte
    return line.rstrip(b"\r\n").decode()


def lines(answer, fields):
    """The lines of a body, each as soon as its last byte has come."""
    rest = b""
    for piece in chunks(answer) if fields.get("transfer-encoding") == "chunked" else pieces(answer, fields.get("content-length")):
        *whole, rest = (rest + piece).split(b"\n")
        yield from (line.decode() for line in whole)


def chunks(answer):
    while size := int(read_line(answer) or "0", 16):
        yield from pieces(answer, size)
        read_line(answer)


def pieces(answer, length):
    left = int(length) if length else 1 << 60
    while left and (piece := answer.read(min(left, 65536))):
        left -= len(piece)
        yield piece


class Publisher:
    """One connection that publishes NDJSON for as long as it likes."""

    def __init__(self, port, channel):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.connection.sendall(f"POST /events/{channel} HTTP/1.1\r\nHost: events.example\r\nContent-Type: application/x-ndjson\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n".encode())

    def send(self, line):
        line = line.encode() + b"\n"
        self.connection.sendall(b"%x\r\n%s\r\n" % (len(line), line))

    def finish(self):
        self.connection.sendall(b"0\r\n\r\n")
        answer = self.connection.makefile("rb", buffering=0)
        status = read_head(answer)[0]
        self.connection.close()
        return status


def request(port, method, path, body=None, fields=()):
    """The status of one request through a proxy."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        head = f"{method} {path} HTTP/1.1\r\nHost: events.example\r\nConnection: close\r\n" + "".join(f"{field}\r\n" for field in fields)
        if body is not None:
            head += f"Content-Length: {len(body)}\r\n"
        connection.sendall((head + "\r\n" + (body or "")).encode())
        answer = connection.makefile("rb", buffering=0)
        head = read_head(answer)
        return (head[0], answer.read(65536).decode()) if head else (None, "")
