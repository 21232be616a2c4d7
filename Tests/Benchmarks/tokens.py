"""See the script `tokens`."""
import os, pathlib, re, select, socket, statistics, subprocess, tempfile, time

import jwt

from notifying import Notifying

COUNT, ROUNDS = 10_000, 3
SECRET = os.urandom(48)
TICK = os.sysconf("SC_CLK_TCK")


def processor_time(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def connect(port, fields):
    """Connects all subscribers, a few hundred at a time, and returns when each has its stream."""
    sockets, poller, waiting = [], select.epoll(), {}
    for index in range(COUNT):
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(f"GET /events/a HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{fields(index)}\r\n".encode())
        sockets.append(client)
        poller.register(client, select.EPOLLIN | select.EPOLLET)
        waiting[client.fileno()] = client
        while len(waiting) > (256 if index < COUNT - 1 else 0):
            for number, _ in poller.poll():
                head = waiting[number].recv(4096)
                assert head.startswith(b"HTTP/1.1 200"), head
                poller.unregister(waiting.pop(number))
    poller.close()
    return sockets


def run(directory, is_alone, rules, fields):
    """The microseconds for each subscriber, and the longest turn in milliseconds.

    - is_alone: whether there is one event loop and it has a processor of its own. Otherwise the longest turn would be its
      longest wait for a processor."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (directory / "crier.toml").write_text(f'[[listen]]\naddress = "127.0.0.1:{port}"\n{rules}')
    crier = Notifying(
        [os.environ["BINARY"], "serve", "--config", directory / "crier.toml", "--set", f"server.loops={int(is_alone)}"], keeps=True,
        stderr=subprocess.DEVNULL)
    try:
        os.sched_setaffinity(0, {1} if is_alone else {0, 1})
        for task in pathlib.Path(f"/proc/{crier.pid}/task").iterdir() if is_alone else []:
            os.sched_setaffinity(int(task.name), {0} if "loop" in (task / "comm").read_text() else {1})
        before = processor_time(crier)
        sockets = connect(port, fields)
        used = (processor_time(crier) - before) / COUNT * 1e6
        turn = int(re.search(r"longest turn of an event loop (\d+)", crier.newest("longest turn")).group(1)) / 1000
        for client in sockets:
            client.close()
        return used, turn
    finally:
        crier.kill()
        crier.wait()
        crier.forget()


with tempfile.TemporaryDirectory() as directory:
    directory = pathlib.Path(directory)
    (directory / "secret").write_bytes(SECRET)
    rules = f'[[access.jwt]]\nsecret = "{directory}/secret"\n'
    tokens = [jwt.encode({"sub": str(index), "crier": {"subscribe": ["a"]}, "exp": int(time.time()) + 3600}, SECRET, "HS256")
              for index in range(COUNT)]
    kinds = {
        "without tokens": ("", lambda index: ""),
        "a token of its own each": (rules, lambda index: f"Authorization: Bearer {tokens[index]}\r\n"),
        "one token for all": (rules, lambda index: f"Authorization: Bearer {tokens[0]}\r\n"),
    }
    used, turns = ({name: [] for name in kinds} for _ in range(2))
    for _ in range(ROUNDS):
        for name, kind in kinds.items():
            used[name].append(run(directory, False, *kind)[0])
            turns[name].append(run(directory, True, *kind)[1])
    base = statistics.median(used["without tokens"])
    for name in kinds:
        each = statistics.median(used[name])
        print(f"{name:26} {each:6.1f} µs a connect   {each / base:5.2f}   longest turn {statistics.median(turns[name]):5.2f} ms")
