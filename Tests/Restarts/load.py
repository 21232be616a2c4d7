"""Thousands of subscribers and some publishers of one daemon, and afterwards the proof that every subscriber has every byte
of its stream: no connection closed, no event lost, doubled or cut."""
import collections, hashlib, http.client, json, os, random, select, socket, threading, time

CHANNELS = 20
SMALL_BUFFER = 4096


class Log:
    """What the publishers were told: the events by number."""

    def __init__(self):
        self.changed = threading.Condition()
        self.events = {}  # number: (channel, bytes of the event)
        self.refused = 0

    def add(self, receipt, channel, data):
        number = int(receipt["id"].rsplit("-", 1)[1])
        event = f"id: {receipt['id']}\ndata: {data}\n\n".encode()
        with self.changed:
            assert number not in self.events, f"the number {number} was given twice"
            self.events[number] = (channel, event)
            self.changed.notify_all()

    def wait_for_more(self, count, seconds=60):
        """Waits until so many events more are published."""
        with self.changed:
            due = len(self.events) + count
            assert self.changed.wait_for(lambda: len(self.events) >= due, seconds), "the publishers stand still"

    def of(self, covers, after):
        return [event for number, (channel, event) in sorted(self.events.items()) if number > after and covers(channel)]


class Publisher(threading.Thread):
    """Publishes on one connection, one event after the other, until `stop`. The connection must last, unless the publisher
    is patient: then it connects again, and repeats what got no answer."""

    def __init__(self, load, channels, size, pause):
        super().__init__(daemon=True)
        self.load, self.channels, self.size, self.pause = load, channels, size, pause
        self.connection = self.local = None
        self.stop = threading.Event()
        self.failure = None
        self.longest = 0.0
        self.count = 0
        self.random = random.Random(repr(channels))

    def run(self):
        try:
            while not self.stop.wait(self.pause):
                channel = self.random.choice(self.channels)
                data = "x" * self.random.randint(self.size // 2, self.size)
                began = time.monotonic()
                status, body = self.publish(channel, data, f"{channel}-{self.name}-{self.count}")
                self.longest = max(self.longest, time.monotonic() - began)
                assert status == 200, f"{status} {body}"
                self.load.log.add(json.loads(body), channel, data)
                self.count += 1
            self.connection.close()
        except Exception as reason:
            self.failure = repr(reason)

    def publish(self, channel, data, key):
        deadline = time.monotonic() + 60
        while True:
            try:
                if not self.connection:
                    self.connection = http.client.HTTPConnection(*self.load.address, timeout=60)
                    self.connection.connect()
                    self.local = self.connection.sock.getsockname()
                self.connection.request("POST", f"/events/{channel}", data.encode(), {"Idempotency-Key": f'"{key}"'})
                response = self.connection.getresponse()
                answer = response.status, response.read()
                assert self.connection.sock and self.connection.sock.getsockname() == self.local, "the publisher's connection was closed"
                return answer
            except (OSError, http.client.HTTPException):
                if not self.load.isPatient or time.monotonic() > deadline:
                    raise
                self.connection.close()
                self.connection = None
                time.sleep(0.01)  # The daemon is down, and nothing says when it is up.


class Subscriber:
    """One stream. It checks the chunks as they come, and hashes the events."""

    def __init__(self, load, query, covers, replays=False, reads=True, buffer=None):
        self.load = load
        self.query, self.covers, self.reads = query, covers, reads
        self.after = 0 if replays else load.head()
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.connect(load.address)
        path = f"/events?{query}" + ("&replay=all" if replays else "")
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self.rest = b""
        self.hash = hashlib.blake2b()
        self.bytes = self.events = 0
        self.isOpen = False
        self.failure = None
        self.last = None
        self.longest = 0.0
        while b"\r\n\r\n" not in self.rest:
            more = self.socket.recv(SMALL_BUFFER)
            assert more, f"{query}: no answer"
            self.rest += more
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 200 ") and b"chunked" in head, head
        self.socket.setblocking(False)
        self.parse()

    def read(self, most=1 << 18):
        """Reads what is there. Returns how many bytes there were."""
        try:
            data = self.socket.recv(most)
        except BlockingIOError:
            return 0
        except OSError as reason:
            self.failure = f"the connection broke: {reason!r}"
            return 0
        if not data:
            self.failure = "the connection was closed"
            return 0
        now = time.monotonic()
        if self.last and not self.load.isEnding:
            self.longest = max(self.longest, now - self.last)
        self.last = now
        self.rest += data
        self.parse()
        return len(data)

    def parse(self):
        rest, start = self.rest, 0
        while True:
            end = rest.find(b"\r\n", start, start + 20)
            if end < 0:
                break
            size = int(rest[start:end], 16)
            if len(rest) < end + size + 4:
                break
            body = rest[end + 2:end + 2 + size]
            if rest[end + 2 + size:end + 4 + size] != b"\r\n" or size == 0:
                self.failure = f"a chunk of {size} bytes ends with {rest[end + 2 + size:end + 4 + size]!r}"
                return
            start = end + 4 + size
            if body.startswith(b"id:"):
                self.hash.update(body)
                self.bytes += len(body)
                self.events += 1
            elif body != b":\n" and not body.startswith(b":ok\nretry: "):
                self.failure = f"something else came: {body[:200]!r}"
                return
        self.rest = rest[start:]


class Load:
    def __init__(self, address, subscribers, seed=1, isPatient=False):
        self.address, self.isPatient = address, isPatient
        self.random = random.Random(seed)
        self.isEnding = False  # the publishers do
        self.log = Log()
        self.publish_history()
        self.subscribers = [self.subscriber(number, subscribers) for number in range(subscribers)]
        self.probe = Subscriber(self, "channel=probe", lambda channel: channel == "probe")
        self.subscribers.append(self.probe)
        self.poller = select.epoll()
        self.by_number = {}
        for subscriber in self.subscribers:
            self.by_number[subscriber.socket.fileno()] = subscriber
            self.poller.register(subscriber.socket, select.EPOLLIN)
        self.stalled = [subscriber for subscriber in self.subscribers if not subscriber.reads]
        for subscriber in self.stalled:
            self.poller.unregister(subscriber.socket)
        names = [f"load/{number}" for number in range(CHANNELS)]
        self.publishers = [
            Publisher(self, names, 300, 0.05), Publisher(self, names, 300, 0.05), Publisher(self, ["big/x"], 1 << 18, 0.7),
            Publisher(self, ["probe"], 20, 0.004)]
        self.reading = threading.Thread(target=self.read, daemon=True)
        self.isOver = threading.Event()
        self.reading.start()
        for publisher in self.publishers:
            publisher.start()

    def head(self):
        return max(self.log.events, default=0)

    def publish_history(self):
        connection = http.client.HTTPConnection(*self.address, timeout=60)
        for channel, count, size in [(f"load/{number}", 40, 10_000) for number in range(CHANNELS)] + [("big/x", 4, 1 << 18)]:
            for _ in range(count):
                data = chr(self.random.randint(97, 122)) * size
                connection.request("POST", f"/events/{channel}", data.encode())
                self.log.add(json.loads(connection.getresponse().read()), channel, data)
        connection.close()

    def subscriber(self, number, count):
        """Half of them are in the middle of a backlog; some of these in the middle of an event of 256 KiB."""
        channel = f"load/{number % CHANNELS}"
        late = number % 2 == 1
        options = {"replays": late, "reads": not late, "buffer": SMALL_BUFFER if late else None}
        if number % 50 == 1:
            return Subscriber(self, "channel=big/x", lambda name: name == "big/x", **options)
        if number % 20 in (2, 3):
            last = str(number % 9)
            return Subscriber(self, f"channel=load/{last}&channel=load/1{last}",
                              lambda name: name in (f"load/{last}", f"load/1{last}"), **options)
        if number % 40 in (4, 5):
            return Subscriber(self, "channel=load/*", lambda name: name.startswith("load/"), **options)
        return Subscriber(self, f"channel={channel}", lambda name: name == channel, **options)

    def read(self):
        while not self.isOver.is_set():
            for number, _ in self.poller.poll(0.1, 512):
                subscriber = self.by_number[number]
                subscriber.read()
                if subscriber.failure:
                    self.poller.unregister(number)

    def sip(self, share=0.5):
        """Some of the stalled subscribers read a little, and stand at other places of their backlogs."""
        for subscriber in self.stalled:
            if self.random.random() < share and not subscriber.failure:
                subscriber.read(self.random.randint(1, 40_000))

    def finish(self, seconds=120):
        """Ends the publishers, lets everybody read to the end, and returns what went wrong."""
        self.isEnding = True
        for publisher in self.publishers:
            publisher.stop.set()
        for publisher in self.publishers:
            publisher.join(70)
        expected = {}
        for subscriber in self.subscribers:
            key = (subscriber.query, subscriber.after)
            if key not in expected:
                events = self.log.of(subscriber.covers, subscriber.after)
                hashed = hashlib.blake2b()
                for event in events:
                    hashed.update(event)
                expected[key] = (len(events), sum(map(len, events)), hashed.digest())
        self.isOver.set()
        self.reading.join()

        def is_done(subscriber):
            return subscriber.failure or subscriber.bytes >= expected[subscriber.query, subscriber.after][1]

        deadline = time.monotonic() + seconds
        waiting = {subscriber.socket.fileno() for subscriber in self.subscribers if not is_done(subscriber)}
        poller = select.epoll()
        for number in waiting:
            poller.register(number, select.EPOLLIN)
        while waiting and time.monotonic() < deadline:
            for number, _ in poller.poll(1, 512):
                self.by_number[number].read()
                if is_done(self.by_number[number]):
                    poller.unregister(number)
                    waiting.discard(number)
        wrong = collections.Counter()
        for publisher in self.publishers:
            if publisher.failure:
                wrong[f"a publisher: {publisher.failure}"] += 1
        for subscriber in self.subscribers:
            count, size, digest = expected[subscriber.query, subscriber.after]
            if subscriber.failure:
                wrong[f"{subscriber.query.split('=')[1].split('/')[0]}: {subscriber.failure}"] += 1
            elif (subscriber.events, subscriber.bytes, subscriber.hash.digest()) != (count, size, digest) or subscriber.rest:
                wrong[f"{subscriber.events} events and {subscriber.bytes} bytes where {count} and {size} were due"] += 1
            subscriber.socket.close()
        return wrong

    @property
    def published(self):
        return sum(publisher.count for publisher in self.publishers)

    @property
    def longest_pause(self):
        """The longest time in seconds in which a subscriber of a channel with 200 events a second got nothing."""
        return self.probe.longest
