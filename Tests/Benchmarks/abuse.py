"""See the script `abuse`."""
import hashlib, itertools, multiprocessing, os, pathlib, select, socket, statistics, subprocess, sys, tempfile, time

from notifying import Notifying

SHARE = float(os.environ["SHARE"])
SUBSCRIBERS, RATE, SECONDS = max(20, int(200 * SHARE)), 50, max(4, int(20 * SHARE))
HEADS, BODIES, CHANNELS = int(5000 * SHARE), int(2000 * SHARE), int(100_000 * SHARE)
CONNECTS, TOKENS = int(5000 * SHARE), int(1000 * SHARE)
CONFIGURATION = """
[[listen]]
address = "127.0.0.1:{port}"
[server]
retry = "1s"
[limits]
connections-per-address = 9000
connect-rate = "2000/s"
head-timeout = "5s"
body-timeout = "5s"
channels = 20000
[access.anonymous]
subscribe = ["**"]
[[access.jwt]]
secret = "{secret}"
[[access.token]]
name = "honest"
sha256 = "{hash}"
publish = ["honest"]
"""


def connect(port, source):
    return socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0))


def quietly(body):
    """An attacker does not mind being refused."""
    try:
        body()
    except OSError:
        pass


def attack(kind, port, stop, round):
    os.nice(19)
    for pause in kind(port):
        round.release()
        if stop.wait(pause):
            return


# Each attacker gives the seconds to its next round.

def slow_heads(port):
    """Heads that never end, renewed as crier closes them."""
    return drip(port, "127.0.0.2", HEADS, b"GET /events/a HTTP/1.1\r\nHost: localhost\r\nX: ")


def slow_bodies(port):
    return drip(port, "127.0.0.3", BODIES, b"POST /events/honest HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer honest\r\n"
         b"Content-Length: 100000\r\n\r\n")


def drip(port, source, count, start):
    clients = []
    while True:
        for _ in range(min(500, count - len(clients))):
            def begin():
                client = connect(port, source)
                client.sendall(start)
                client.setblocking(False)
                clients.append(client)
            quietly(begin)
        alive = []
        for client in clients:
            try:
                client.send(b"x")
                alive.append(client)
            except BlockingIOError:
                alive.append(client)
            except OSError:
                client.close()
        clients = alive
        yield 0.2


def connects(port):
    while True:
        for _ in range(100):
            quietly(lambda: connect(port, "127.0.0.4").close())
        yield 100 / max(CONNECTS, 1)


def bad_tokens(port):
    for number in itertools.count():
        def ask():
            with connect(port, "127.0.0.5") as client:
                token = f"eyJhbGciOiJIUzI1NiJ9.eyJuIjo{number:08d}fQ.{'A' * 43}"
                client.sendall(f"GET /channels HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
                client.recv(1000)
        quietly(ask)
        yield 1 / max(TOKENS, 1)


def new_channels(port):
    for number in range(CHANNELS):
        def subscribe():
            with connect(port, "127.0.0.6") as client:
                client.sendall(f"GET /events/new/{number} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode())
                client.recv(1000)
        quietly(subscribe)
        yield 0


def publish(port, count, delay, done):
    with connect(port, "127.0.0.1") as client:
        for number in range(count):
            body = f"{number} {time.monotonic_ns()}".encode()
            client.sendall(b"POST /events/honest HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer honest\r\n"
                           b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            answer = client.recv(4096)
            assert answer.startswith(b"HTTP/1.1 200"), answer
            time.sleep(delay)
    done.set()


def measure(port):
    """Publishes for some seconds: the delays of all deliveries in milliseconds, and how many were lost."""
    clients, poller = {}, select.epoll()
    for _ in range(SUBSCRIBERS):
        client = connect(port, "127.0.0.1")
        client.sendall(b"GET /events/honest HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        clients[client.fileno()] = [client, b"", 0]
        poller.register(client, select.EPOLLIN)
    for client, *_ in clients.values():
        assert b"retry: " in client.recv(4096), "an honest subscriber is refused"
    count, done = SECONDS * RATE, multiprocessing.Event()
    publisher = multiprocessing.Process(target=publish, args=(port, count, 1 / RATE, done))
    publisher.start()
    delays, deadline = [], None
    while any(seen < count for _, _, seen in clients.values()):
        for number, _ in poller.poll(0.5):
            row = clients[number]
            data = row[0].recv(65536)
            now = time.monotonic_ns()
            assert data, "an honest subscriber was disconnected"
            *lines, row[1] = (row[1] + data).split(b"\n")
            for line in lines:
                if line.startswith(b"data: "):
                    event, at = line[6:].split()
                    assert int(event) == row[2], f"event {event} came instead of {row[2]}"
                    row[2] += 1
                    delays.append((now - int(at)) / 1e6)
        if done.is_set():
            deadline = deadline or time.monotonic() + 10
            if time.monotonic() > deadline:
                break
    publisher.join()
    lost = sum(count - seen for _, _, seen in clients.values())
    for client, *_ in clients.values():
        client.close()
    return statistics.quantiles(delays, n=100)[98], lost


def open_connections(process):
    count = 0
    for path in pathlib.Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            count += os.readlink(path).startswith("socket:")
        except FileNotFoundError:
            pass  # closed since the list was made
    return count


def memory(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


def main(directory):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (directory / "secret").write_bytes(os.urandom(48))
    (directory / "crier.toml").write_text(CONFIGURATION.format(
        port=port, secret=directory / "secret", hash=hashlib.sha256(b"honest").hexdigest()))
    crier = Notifying([os.environ["BINARY"], "serve", "--config", directory / "crier.toml"], stderr=subprocess.DEVNULL)
    attackers, stop = [], multiprocessing.Event()
    try:
        # A real-time priority: this stands for other machines, and its own waits for a processor do not count.
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        except PermissionError:
            print("without root the delays include waits for a processor")
        before = open_connections(crier)
        quiet, lost = measure(port)
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        rounds = []
        for kind in slow_heads, slow_bodies, connects, bad_tokens, new_channels:
            round = multiprocessing.Semaphore(0)
            attackers.append(multiprocessing.Process(target=attack, args=(kind, port, stop, round), daemon=True))
            attackers[-1].start()
            rounds.append(round)
        # In ten rounds each has all its connections.
        for round in rounds:
            for _ in range(10):
                round.acquire()
        try:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        except PermissionError:
            pass
        attacked, lost_too = measure(port)
        peak, open_under_attack = memory(crier), open_connections(crier)
        stop.set()
        for attacker in attackers:
            attacker.join(60)
        deadline = time.monotonic() + 30
        while open_connections(crier) > before and time.monotonic() < deadline:
            time.sleep(0.1)
        after = open_connections(crier) - before
        again, lost_again = measure(port)
        lost += lost_too + lost_again
        print(f"honest p99: quiet {quiet:.2f} ms, attacked {attacked:.2f} ms ({attacked / quiet:.1f} times), afterwards {again:.2f} ms")
        print(f"events lost: {lost}; memory under attack {peak:.0f} MiB; connections then {open_under_attack}, left over: {after}")
        return lost == 0 and after <= 0 and crier.poll() is None
    finally:
        stop.set()
        for attacker in attackers:
            attacker.kill()
        crier.terminate()
        crier.wait(20)


with tempfile.TemporaryDirectory() as name:
    sys.exit(0 if main(pathlib.Path(name)) else "an event was lost, or something was left over")
