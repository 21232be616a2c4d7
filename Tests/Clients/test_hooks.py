"""A program of the operator's on the other side: it gets hooks, and decides about subscriptions."""
import base64, hashlib, hmac, http.server, json, os, queue, re, secrets, select, signal, socket, subprocess, threading, time, unittest

from following import Following
from running import Running
from stream import request


class Program:
    """An HTTP server that keeps what it gets, and answers as a test says."""

    def __init__(self, answer=lambda message: (204, b"")):
        self.messages, self.answer = queue.Queue(), answer
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                message = json.loads(body)
                outer.messages.put((self.headers, body, message))
                status, text = outer.answer(message)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 512

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/program?key=geheim"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self, seconds=20):
        return self.messages.get(timeout=seconds)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def subscribe(port, target, fields=""):
    """The status of a subscription, and its connection."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = connection.recv(1)
        if not part:
            break
        head += part
    return int(head.split()[1]), connection


def status(port, target, fields=""):
    """The status of a subscription, which ends at once."""
    status, connection = subscribe(port, target, fields)
    connection.close()
    return status


def metrics(port):
    text = request(port, "GET", "/metrics")[1]
    return {name: float(value) for name, value in re.findall(r"^(crier_\w+) (\S+)$", text, re.MULTILINE)}


class HookTest(Running, unittest.TestCase):
    def setUp(self):
        self.program = Program()
        self.addCleanup(self.program.stop)
        super().setUp()

    def settings(self):
        self.key = secrets.token_bytes(32)
        (self.directory / "hook.secret").write_text("whsec_" + base64.b64encode(self.key).decode() + "\n")
        return f"""
            [[hook]]
            url = "{self.program.url}"
            secret = "{self.directory}/hook.secret"
            {self.hook()}
            """

    def hook(self):
        return ""

    def await_metric(self, name, value):
        for _ in range(400):
            if metrics(self.port)[name] == value:
                return
            time.sleep(0.02)
        self.fail(f"{name} is {metrics(self.port)[name]}")

    def get(self, kind):
        """The next message, which must be of a kind and have a good signature."""
        headers, body, message = self.program.next()
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = "v1," + base64.b64encode(hmac.new(self.key, signed, hashlib.sha256).digest()).decode()
        self.assertEqual(headers["webhook-signature"], expected)
        self.assertLess(abs(int(headers["webhook-timestamp"]) - time.time()), 60)
        self.assertRegex(message["timestamp"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(message["type"], kind, message)
        return message["data"]


class Hooks(HookTest):
    def test_tell_with_a_signature_who_comes_and_goes_and_which_channels_are_made_and_deleted(self):
        code, client = subscribe(self.port, "/events/ro%22om/1", 'User-Agent: a "b" \\c\r\n')
        self.assertEqual(code, 200)
        messages = sorted((self.program.next()[2] for _ in range(2)), key=lambda message: message["type"])
        self.assertEqual([message["type"] for message in messages], ["channel.created", "connect"])
        self.assertEqual(messages[0]["data"], {"channel": 'ro"om/1'})
        session = messages[1]["data"]
        self.assertEqual((session["address"], session["channels"], session["agent"], session["token"]),
                         ("127.0.0.1", ['ro"om/1'], 'a "b" \\c', None))
        listed = json.loads(request(self.port, "GET", "/sessions")[1])["sessions"][0]
        self.assertEqual((listed["id"], listed["since"]), (session["session"], session["since"]))
        client.close()
        gone = self.get("disconnect")
        self.assertEqual((gone["session"], gone["reason"]), (session["session"], "client"))
        self.publish("x", channel="a")
        self.assertEqual(self.get("channel.created"), {"channel": "a"})
        request(self.port, "DELETE", "/channels/a")
        self.assertEqual(self.get("channel.ended"), {"channel": "a"})
        self.publish("x", channel="a")
        self.assertEqual(self.get("channel.created"), {"channel": "a"})
        self.assertEqual(metrics(self.port)["crier_hook_messages_dropped_total"], 0)

    def test_are_not_told_of_the_channels_of_the_daemon_and_of_its_readiness_checks(self):
        request(self.port, "GET", "/readyz")
        _, client = subscribe(self.port, "/events/%24crier/stats")
        self.assertEqual(self.get("connect")["channels"], ["$crier/stats"])
        client.close()
        self.get("disconnect")

    def test_that_do_not_answer_get_the_same_message_again_and_no_other_one_about_it_before(self):
        failures = iter([500, 500])
        self.program.answer = lambda message: (next(failures, 204), b"")
        _, client = subscribe(self.port, "/events/a")
        client.close()
        attempts = [self.program.next() for _ in range(5)]
        kinds = [message["type"] for _, _, message in attempts]
        self.assertEqual(len({headers["webhook-id"] for headers, _, _ in attempts}), 3)
        self.assertNotIn("connect", kinds[kinds.index("disconnect"):])
        self.await_metric("crier_hook_messages_delivered_total", 3)
        figures = metrics(self.port)
        self.assertEqual((figures["crier_hook_attempts_failed_total"], figures["crier_hook_messages_delivered_total"]), (2, 3))
        self.assertIn("a hook does not work", (self.directory / "log").read_text())
        self.assertNotIn("geheim", (self.directory / "log").read_text())

    def test_that_refuse_one_message_get_the_others_at_once_and_that_one_never_again(self):
        self.program.answer = lambda message: (403 if "evil" in str(message["data"].get("agent")) else 204, b"")
        # It keeps the channel, so that no other one is created.
        self.publish("x", channel="a")
        for agent in ["evil"] * 20 + ["good"] * 20:
            _, client = subscribe(self.port, "/events/a", f"User-Agent: {agent}\r\n")
            client.close()
        agents = [self.program.next()[2]["data"].get("agent") for _ in range(81)]
        self.assertEqual((agents.count("evil"), agents.count("good")), (40, 40))
        self.await_metric("crier_hook_messages_dropped_total", 40)
        with self.assertRaises(queue.Empty):
            self.program.next(2)

    def test_that_answer_410_get_nothing_more(self):
        self.program.answer = lambda message: (410, b"")
        subscribe(self.port, "/events/a")[1].close()
        self.await_log("gets nothing more")
        while not self.program.messages.empty():
            self.program.next()
        subscribe(self.port, "/events/a")[1].close()
        with self.assertRaises(queue.Empty):
            self.program.next(1)

    def test_that_hang_leave_no_process_behind_at_a_restart_in_place_and_the_loss_is_told(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.program.answer = lambda message: (gate.wait(60) and 204, b"")
        for _ in range(3):
            subscribe(self.port, "/events/a")[1].close()
        self.program.next()
        self.crier.send_signal(signal.SIGUSR2)
        self.await_log("continued the connections")
        self.assertIn("messages for a hook are lost", (self.directory / "log").read_text())
        children = subprocess.run(["ps", "--ppid", str(self.crier.pid), "-o", "stat="], capture_output=True, text=True).stdout.split()
        self.assertEqual(children, [])

    def test_keep_what_waits_through_a_reload_and_end_when_the_configuration_does_not_name_them(self):
        gate = threading.Event()
        self.program.answer = lambda message: (gate.wait(20) and 204, b"")
        _, client = subscribe(self.port, "/events/a")
        self.get("connect")
        client.close()
        self.await_subscribers(0, "a")
        self.crier.send_signal(signal.SIGHUP)
        self.await_log("reloaded")
        gate.set()
        self.assertEqual(sorted(self.program.next()[2]["type"] for _ in range(2)), ["channel.created", "disconnect"])
        text = (self.directory / "crier.toml").read_text()
        (self.directory / "crier.toml").write_text(re.sub(r"\[\[hook\]\].*?(?=\[history\])", "", text, flags=re.DOTALL))
        self.crier.send_signal(signal.SIGHUP)
        self.await_log("reloaded")
        subscribe(self.port, "/events/a")[1].close()
        with self.assertRaises(queue.Empty):
            self.program.next(1)

    def await_log(self, words):
        """Waits for a line of the log after those that were waited for before."""
        if not hasattr(self, "following"):
            self.following = Following(self.directory / "log")
            self.addCleanup(self.following.close)
        self.following.until(words)


class HooksThatHang(HookTest):
    def hook(self):
        return 'queue = "64KiB"\ntimeout = "60s"\nevents = ["connect"]'

    def test_cost_their_own_queue_and_never_a_subscriber(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.program.answer = lambda message: (gate.wait(60) and 204, b"")
        clients = [subscribe(self.port, f"/events/{'c' * 200}{number}")[1] for number in range(300)]
        for number in (0, 150, 299):
            self.publish("hello", channel=f"{'c' * 200}{number}")
            while b"data: hello" not in (part := clients[number].recv(4096)):
                self.assertTrue(part)
        figures = metrics(self.port)
        self.assertGreater(figures["crier_hook_messages_dropped_total"], 0)
        # Each of these messages has more than 400 bytes.
        self.assertLessEqual(figures["crier_hook_messages_waiting"] * 400, 64 << 10)
        for client in clients:
            client.close()


class HooksWithAPattern(HookTest):
    def hook(self):
        return 'pattern = "rooms/*"\nevents = ["connect", "slow"]'

    def settings(self):
        return super().settings() + '\n[slow]\nevents = 1\n[limits]\nbody = "32MiB"'

    def test_are_told_of_these_channels_and_of_who_is_slow(self):
        for target in ("/events/news", "/events/rooms/1/a", "/events/rooms/1", "/events/rooms/**"):
            _, client = subscribe(self.port, target)
            self.addCleanup(client.close)
        sent = [self.get("connect")["channels"] for _ in range(2)]
        self.assertEqual(sorted(sent), [["rooms/**"], ["rooms/1"]])
        self.publish("x" * (16 << 20), channel="rooms/1")
        for _ in range(3):
            self.publish("x", channel="rooms/1")
        slow = self.get("slow")
        self.assertEqual((slow["channels"], slow["action"], slow["limit"]), (["rooms/1"], "disconnected", "events"))


class CommandHooks(Running, unittest.TestCase):
    def settings(self):
        script = self.directory / "hook"
        script.write_text(f'#!/bin/sh\nread -r line\nprintf "%s %s\\n" "$1" "$line" >> {self.directory}/lines\n'
                          f'[ -e {self.directory}/works ] || {{ echo "no such luck" >&2; exit 3; }}\n')
        script.chmod(0o755)
        return f'[[hook]]\ncommand = ["{script}", "--from=crier $HOME"]\nevents = ["channel.created"]'

    def test_run_a_program_without_a_shell_with_a_message_on_its_standard_input_until_it_succeeds(self):
        self.publish("x", channel="a;%20touch%20never")
        lines = Following(self.directory / "lines")
        self.addCleanup(lines.close)
        first = lines.line()
        (self.directory / "works").touch()
        second = lines.line()
        self.assertEqual(first, second)
        self.assertTrue(first.startswith("--from=crier $HOME {"), first)
        self.assertEqual(json.loads(first[first.index("{"):])["data"], {"channel": "a; touch never"})
        self.assertIn("the command ended with 3: no such luck", (self.directory / "log").read_text())


class AuthorizeTest(Running, unittest.TestCase):
    """Subscriptions of callers without a token."""

    def setUp(self):
        self.program = Program(self.decide)
        self.addCleanup(self.program.stop)
        self.asked, self.gate = [], threading.Event()
        self.addCleanup(self.gate.set)
        super().setUp()

    def settings(self):
        (self.directory / "hook.secret").write_text("whsec_" + base64.b64encode(b"k" * 32).decode())
        return f"""
            [access.authorize]
            url = "{self.program.url}"
            secret = "{self.directory}/hook.secret"
            fields = ["cookie"]
            timeout = "20s"
            cache = "1h"
            [access.anonymous]
            subscribe = ["public/**"]
            [[access.token]]
            name = "root"
            sha256 = "{hashlib.sha256(b'root').hexdigest()}"
            subscribe = ["**"]
            publish = ["**"]
            admin = true
            """

    def hold(self, target, fields):
        """A subscription that lasts as long as the test."""
        code, client = subscribe(self.port, target, fields)
        self.addCleanup(client.close)
        return code, client

    def decide(self, message):
        data = message["data"]
        self.asked.append(data)
        cookie = data["fields"].get("cookie", "")
        if "broken" in cookie:
            return 500, b""
        if "nonsense" in cookie:
            return 200, b"yes of course"
        if "no way" in cookie:
            return 200, b'{"allowed":false}'
        if "huge" in cookie:
            return 200, b'{"name":"' + b"x" * (1 << 20) + b'"}'
        if "slow" in cookie:
            self.gate.wait(20)
        if "wider" in cookie:
            return 200, b'{"subscribe":["news/eu"],"name":"joe"}'
        if "short" in cookie:
            return 200, json.dumps({"expires": time.time() + 1.5}).encode()
        return (204, b"") if "good" in cookie else (403, b"")


class HooksWithoutPatience(HookTest):
    def hook(self):
        return 'retry-for = "0s"'

    def test_try_once(self):
        self.program.answer = lambda message: (500, b"")
        subscribe(self.port, "/events/a")[1].close()
        self.assertEqual({self.program.next()[2]["type"] for _ in range(3)}, {"connect", "disconnect", "channel.created"})
        self.await_metric("crier_hook_messages_dropped_total", 3)
        with self.assertRaises(queue.Empty):
            self.program.next(2)


class CommandsWithHelpers(Running, unittest.TestCase):
    def settings(self):
        script = self.directory / "hook"
        script.write_text(f'#!/bin/sh\ncat >> {self.directory}/lines\nsleep 30 &\n')
        script.chmod(0o755)
        return f'[[hook]]\ncommand = ["{script}"]\nevents = ["channel.created"]\ntimeout = "60s"'

    def test_that_leave_a_process_behind_delay_nothing(self):
        lines = Following(self.directory / "lines")
        self.addCleanup(lines.close)
        for number in range(5):
            self.publish("x", channel=f"a/{number}")
        # Each of them would wait for its time-out of a minute.
        for _ in range(5):
            self.assertIn("channel.created", lines.line())


class Authorize(AuthorizeTest):
    def test_lets_a_caller_in_whom_the_program_lets_in_and_asks_once(self):
        for _ in range(3):
            code, client = subscribe(self.port, "/events/news", "Cookie: session=good\r\n")
            self.addCleanup(client.close)
            self.assertEqual(code, 200)
        self.assertEqual(self.asked, [{"address": "127.0.0.1", "channels": ["news"], "fields": {"cookie": "session=good"}}])
        headers, body, _ = self.program.next()
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        self.assertEqual(headers["webhook-signature"],
                         "v1," + base64.b64encode(hmac.new(b"k" * 32, signed, hashlib.sha256).digest()).decode())
        root = ["Authorization: Bearer root"]
        self.assertEqual(request(self.port, "POST", "/events/news", "hello", root)[0], 200)
        while b"data: hello" not in client.recv(4096):
            pass

    def test_refuses_others_and_asks_neither_for_them_again_nor_for_what_needs_no_answer(self):
        for _ in range(2):
            self.assertEqual(status(self.port, "/events/news", "Cookie: session=bad\r\n"), 403)
        self.assertEqual(len(self.asked), 1)
        self.assertEqual(status(self.port, "/events/public/a"), 200)
        self.assertEqual(status(self.port, "/events/news", "Authorization: Bearer root\r\n"), 200)
        self.assertEqual(status(self.port, "/events/news", "Authorization: Bearer wrong\r\nCookie: session=good\r\n"), 401)
        self.assertEqual(status(self.port, "/events/%24crier/stats", "Cookie: session=good\r\n"), 401)
        self.assertEqual(request(self.port, "POST", "/events/news", "x", ["Cookie: session=good"])[0], 401)
        self.assertEqual(len(self.asked), 1)

    def test_asks_about_no_request_that_has_a_field_twice(self):
        self.assertEqual(status(self.port, "/events/news", "Cookie: session=good\r\nCookie: session=bad\r\n"), 400)
        self.assertEqual(self.asked, [])

    def test_answers_others_while_the_program_thinks_about_one(self):
        slow = [self.ask_without_waiting(f"slow {number}") for number in range(5)]
        for number in range(5):
            self.assertEqual(status(self.port, "/events/news", f"Cookie: session=good {number}\r\n"), 200)
        self.gate.set()
        for stream in slow:
            self.assertTrue(stream.recv(4096).startswith(b"HTTP/1.1 403"))

    def ask_without_waiting(self, session):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.addCleanup(connection.close)
        connection.sendall(f"GET /events/news HTTP/1.1\r\nHost: localhost\r\nCookie: session={session}\r\n\r\n".encode())
        return connection

    def test_holds_up_no_restart(self):
        _, client = self.hold("/events/news", "Cookie: session=good\r\n")
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.program.answer = lambda message: (gate.wait(60) and 204, b"")
        asking = self.ask_without_waiting("new")
        for _ in range(2):
            self.program.next()
        self.crier.send_signal(signal.SIGUSR2)
        answer = asking.recv(4096)
        self.assertTrue(answer.startswith(b"HTTP/1.1 503"), answer)
        self.assertEqual(request(self.port, "POST", "/events/news", "hello", ["Authorization: Bearer root"])[0], 200)
        while b"data: hello" not in client.recv(4096):
            pass

    def test_narrows_a_pattern_to_what_the_program_grants(self):
        code, client = self.hold("/events/news/*?envelope=1", "Cookie: session=wider\r\n")
        self.assertEqual(code, 200)
        root = ["Authorization: Bearer root"]
        for channel in ("news/us", "news/eu"):
            request(self.port, "POST", f"/events/{channel}", "x", root)
        text = b""
        while b"news/eu" not in text:
            text += client.recv(4096)
        self.assertNotIn(b"news/us", text)
        sessions = json.loads(request(self.port, "GET", "/sessions?token=joe", fields=root)[1])["sessions"]
        self.assertEqual(len(sessions), 1)

    def test_ends_the_stream_when_the_grant_that_the_program_gave_is_over(self):
        _, client = self.hold("/events/news", "Cookie: session=short\r\n")
        text = b""
        while part := client.recv(4096):
            text += part
        self.assertIn(b"event: crier.expired", text)

    def test_tells_a_browser_to_come_back_when_the_program_does_not_answer_sensibly(self):
        for cookie in ("broken", "nonsense", "no way", "huge"):
            field = f"Cookie: session={cookie}\r\n"
            self.assertEqual(status(self.port, "/events/news", field), 503)
            code, client = subscribe(self.port, "/events/news", field + "Accept: text/event-stream\r\n")
            self.addCleanup(client.close)
            self.assertEqual(code, 200)
            text = b""
            while part := client.recv(4096):
                text += part
            self.assertRegex(text, rb"retry: \d{4,}\n")
        self.assertIn("the program that decides about subscriptions does not work", (self.directory / "log").read_text())

    def test_ends_the_streams_when_a_reload_no_longer_names_the_program(self):
        _, client = self.hold("/events/news", "Cookie: session=good\r\n")
        text = (self.directory / "crier.toml").read_text()
        (self.directory / "crier.toml").write_text(re.sub(r"\[access.authorize\].*?(?=\[access.anonymous)", "", text, flags=re.DOTALL))
        self.crier.send_signal(signal.SIGHUP)
        received = b""
        while part := client.recv(4096):
            received += part
        self.assertIn(b'{"reason":"revoked"}', received)
        self.assertEqual(status(self.port, "/events/news", "Cookie: session=good\r\n"), 401)


class AuthorizeUnderAFlood(AuthorizeTest):
    def settings(self):
        return super().settings() + "\n[limits]\nverifications = 20\n"

    def test_many_callers_do_not_wait_without_bound_and_others_are_served(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.program.answer = lambda message: (gate.wait(1) and 204 or 403, b"")
        streams = []
        for number in range(200):
            connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            connection.sendall(f"GET /events/news HTTP/1.1\r\nHost: localhost\r\nCookie: session={number}\r\n\r\n".encode())
            streams.append(connection)
        self.assertEqual(status(self.port, "/events/public/a"), 200)
        statuses = [int(stream.recv(4096).split()[1]) for stream in streams]
        for stream in streams:
            stream.close()
        # One client has a share of the room.
        self.assertGreaterEqual(statuses.count(503), 200 - 100)
        self.assertEqual(set(statuses) - {403, 503}, set())


class AuthorizeManyClients(AuthorizeTest):
    def settings(self):
        return super().settings() + "\n[limits]\nverifications = 40\n"

    def ask(self, address, session):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30, source_address=(address, 0))
        self.addCleanup(connection.close)
        connection.sendall(f"GET /events/news HTTP/1.1\r\nHost: localhost\r\nCookie: session={session}\r\n\r\n".encode())
        return connection

    def test_a_client_that_asks_much_leaves_room_for_others(self):
        flood = [self.ask("127.0.0.2", f"slow {number}") for number in range(60)]
        # A quarter of the room is its own; the rest is refused while those wait.
        refused = 0
        while refused < 50:
            ready, _, _ = select.select(flood, [], [], 20)
            self.assertTrue(ready)
            for connection in ready:
                self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 503"))
                flood.remove(connection)
                refused += 1
        self.assertTrue(self.ask("127.0.0.3", "good").recv(4096).startswith(b"HTTP/1.1 200"))
        self.gate.set()
        for connection in flood:
            self.assertTrue(connection.recv(4096).startswith(b"HTTP/1.1 403"))


if __name__ == "__main__":
    unittest.main()
