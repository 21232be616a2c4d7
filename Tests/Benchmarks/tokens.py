"""See the script `tokens`."""
import os, pathlib, select, signal, socket, statistics, subprocess, tempfile, time

import jwt

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


def run(directory, rules, fields):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (directory / "crier.toml").write_text(f'[[listen]]\naddress = "127.0.0.1:{port}"\n{rules}')
    crier = subprocess.Popen([os.environ["BINARY"], "serve", "--config", directory / "crier.toml"], stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.01)
        before = processor_time(crier)
        sockets = connect(port, fields)
        used = (processor_time(crier) - before) / COUNT * 1e6
        for client in sockets:
            client.close()
        return used
    finally:
        crier.send_signal(signal.SIGKILL)
        crier.wait()


with tempfile.TemporaryDirectory() as directory:
    directory = pathlib.Path(directory)
    (directory / "secret").write_bytes(SECRET)
    rules = f'[[access.jwt]]\nsecret = "{directory}/secret"\n'
    tokens = [jwt.encode({"sub": str(index), "crier": {"subscribe": ["a"]}, "exp": int(time.time()) + 3600}, SECRET, "HS256")
              for index in range(COUNT)]
    without, own, same = [], [], []
    for _ in range(ROUNDS):
        without.append(run(directory, "", lambda index: ""))
        own.append(run(directory, rules, lambda index: f"Authorization: Bearer {tokens[index]}\r\n"))
        same.append(run(directory, rules, lambda index: f"Authorization: Bearer {tokens[0]}\r\n"))
    base = statistics.median(without)
    for name, times in [("without tokens", without), ("a token of its own each", own), ("one token for all", same)]:
        print(f"{name:26} {statistics.median(times):6.1f} µs a connect   {statistics.median(times) / base:5.2f}")
