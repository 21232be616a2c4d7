"""What becomes of the connections when the state of the process before is not as it should be, and of connections that are not
plain streams."""
import hashlib, http.client, json, os, pathlib, random, re, select, signal, socket, threading, time, unittest

from manager import Manager, checksum, content_of, sealed

BINARY = os.environ["BINARY"]


class Stream:
    """A subscriber on a plain socket."""

    def __init__(self, port, path="/events/a", fields=""):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=15)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n".encode())
        self.text = ""
        self.wait_for("retry:")

    def wait_for(self, text):
        while text not in self.text:
            more = self.socket.recv(1 << 16)
            assert more, f"the stream ended before {text!r}: {self.text}"
            self.text += more.decode()

    def rest(self):
        """Everything up to the end of the stream, which must come."""
        while more := self.socket.recv(1 << 16):
            self.text += more.decode()
        return self.text


class StateTest(unittest.TestCase):
    room = 512

    def setUp(self):
        self.manager = Manager(BINARY, self.room)
        self.addCleanup(self.manager.close)
        self.directory = self.manager.directory

    def start(self, *arguments, **options):
        self.arguments = arguments or getattr(self, "arguments", ())
        self.manager.start("--listen=127.0.0.1:0", *self.arguments, **options)
        self.port = int(re.findall(r"address=127.0.0.1:(\d+)", self.manager.said())[-1])

    def publish(self, data="x", channel="a", **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        connection.request("POST", f"/events/{channel}", data, {name.replace("_", "-"): value for name, value in fields.items()})
        response = connection.getresponse()
        body = response.read()
        connection.close()
        self.assertEqual(response.status, 200, body)
        return json.loads(body)["id"]

    def state(self):
        return content_of(self.manager.descriptor("crier-state"))

    def refused(self, streams, reason):
        """The daemon starts, says why it refuses the state, closes the streams, and serves."""
        self.start()
        self.assertIn("the state of the process before is refused", self.manager.said())
        self.assertRegex(self.manager.said(), reason)
        for stream in streams:
            before = stream.text
            self.assertEqual(stream.rest(), before, "a byte came after the restart")
        self.assertIsNone(self.manager.descriptor("crier-state"))
        Stream(self.port)


class Damaged(StateTest):
    """A state that is not as it should be is refused as a whole: no stream gets another byte, and its client resumes."""

    def stopped(self):
        self.start()
        self.streams = [Stream(self.port), Stream(self.port, "/events?channel=a/*")]
        self.publish("before")
        self.streams[0].wait_for("before")
        self.manager.stop()

    def test_untouched_state_is_accepted(self):
        self.stopped()
        self.start()
        self.publish("after")
        self.streams[0].wait_for("after")

    def test_a_flipped_bit_anywhere(self):
        for place in [0, 0.01, 0.2, 0.5, 0.8, 0.999999]:
            with self.subTest(place=place):
                self.stopped()
                content = bytearray(self.state())
                content[int(place * len(content))] ^= 1 << random.randrange(8)
                self.manager.replace("crier-state", sealed(bytes(content)))
                self.refused(self.streams, "its checksum is wrong")
                self.manager.process.kill()
                self.manager.process.wait()

    def test_a_file_that_was_cut_short(self):
        for size in [0, 1, 7, 100, -8, -1]:
            with self.subTest(size=size):
                self.stopped()
                self.manager.replace("crier-state", sealed(self.state()[:size]))
                self.refused(self.streams, "cut short|its checksum is wrong")
                self.manager.process.kill()
                self.manager.process.wait()

    def test_a_file_of_another_version(self):
        self.stopped()
        content = bytearray(self.state()[:-8])
        content[8] += 1
        self.manager.replace("crier-state", sealed(bytes(content) + checksum(content)))
        self.refused(self.streams, r"it has version \d+, and this crier reads version \d+")

    def test_a_file_of_another_program(self):
        self.stopped()
        content = b"something else, with a checksum"
        self.manager.replace("crier-state", sealed(content + checksum(content)))
        self.refused(self.streams, "it is no state of crier")

    def test_contents_that_contradict_each_other_do_not_end_the_daemon(self):
        generator = random.Random(1)
        for number in range(60):
            self.stopped()
            content = bytearray(self.state()[:-8])
            for _ in range(generator.randint(1, 3)):
                # Behind the mark and the version.
                content[generator.randrange(16, len(content))] = generator.randrange(256)
            self.manager.replace("crier-state", sealed(bytes(content) + checksum(content)))
            self.start()
            Stream(self.port)
            self.manager.process.kill()
            self.manager.process.wait()

    def test_a_file_that_somebody_could_still_change(self):
        self.stopped()
        self.manager.replace("crier-state", sealed(self.state(), seal=False))
        self.refused(self.streams, "not sealed")

    def test_sockets_that_are_not_all_there(self):
        self.stopped()
        ours, theirs = socket.socketpair()
        self.manager.replace("crier-connections", theirs.detach())
        ours.close()
        self.start()
        self.assertIn("connections=0 lost=", self.manager.said())
        for stream in self.streams:
            stream.rest()


class OtherHistory(StateTest):
    """The positions of subscribers belong to one log."""

    def test_another_file(self):
        history = ["--set=history.store=sqlite", f"--set=history.path={self.directory}/history.db"]
        self.start(*history)
        stream = Stream(self.port)
        self.publish("before")
        stream.wait_for("before")
        self.manager.stop()
        for file in self.directory.glob("history.db*"):
            file.unlink()
        self.refused([stream], "the history is not the one that it was written with")

    def test_another_store(self):
        self.start()
        stream = Stream(self.port)
        self.manager.stop()
        self.arguments = ["--set=history.store=sqlite", f"--set=history.path={self.directory}/history.db"]
        self.refused([stream], "history.store was another one")

    def test_two_restarts_without_an_event_in_between(self):
        self.start("--set=history.store=sqlite", f"--set=history.path={self.directory}/history.db")
        stream = Stream(self.port)
        for number in range(3):
            self.manager.stop()
            self.start()
        self.publish("after")
        stream.wait_for("after")


class SmallStore(StateTest):
    room = 1

    def test_ends_the_streams_cleanly(self):
        self.start()
        stream = Stream(self.port)
        self.manager.stop()
        self.assertRegex(stream.rest(), r"retry: \d+\n\r\n0\r\n\r\n$")
        self.assertIn("needs FileDescriptorStoreMax=", self.manager.said())


class FewDescriptors(StateTest):
    def test_streams_for_which_there_is_no_descriptor_are_closed(self):
        self.start()
        streams = [Stream(self.port) for _ in range(300)]
        self.manager.stop()
        self.start(limit=200)
        lost = int(re.search(r"lost=(\d+)", self.manager.said())[1])
        self.assertGreater(lost, 100)
        ended = select.select([stream.socket for stream in streams], [], [], 0)[0]
        self.assertEqual([socket.recv(1) for socket in ended], [b""] * lost)


class Grants(StateTest):
    TOKENS = ["one", "two"]

    def configuration(self, tokens):
        rules = "\n".join(
            f'[[access.token]]\nsha256 = "{hashlib.sha256(token.encode()).hexdigest()}"\nname = "{token}"\nsubscribe = ["a"]'
            for token in tokens)
        (self.directory / "crier.toml").write_text(rules + '\n[access.anonymous]\npublish = ["**"]\n')
        return f"--config={self.directory}/crier.toml"

    def test_a_stream_goes_on_with_its_grant_and_ends_when_its_rule_is_gone(self):
        self.start(self.configuration(self.TOKENS))
        streams = [Stream(self.port, fields=f"Authorization: Bearer {token}\r\n") for token in self.TOKENS]
        self.manager.stop()
        self.start()
        self.publish("after")
        for stream in streams:
            stream.wait_for("after")
        self.manager.stop()
        self.configuration(["one"])
        self.start()
        self.publish("last")
        streams[0].wait_for("last")
        text = streams[1].rest()
        self.assertIn('event: crier.expired\ndata: {"reason":"revoked"}', text)
        self.assertNotIn("data: last", text)

    def test_a_rule_that_was_added_ends_the_streams_of_strangers(self):
        self.start("--set=server.retry=1s")
        stream = Stream(self.port)
        self.manager.stop()
        self.start(self.configuration(["one"]))
        self.assertIn("crier.expired", stream.rest())


class OwnListeners(StateTest):
    """The process opened its listening sockets itself, and systemd keeps them."""

    def start_at(self, *addresses, **options):
        self.manager.start(*(f"--listen={address}" for address in addresses), **options)

    def setUp(self):
        super().setUp()
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]

    def test_an_address_is_free_again_when_the_state_is_refused(self):
        self.start_at(f"127.0.0.1:{self.port}")
        Stream(self.port)
        self.manager.stop()
        content = bytearray(self.state())
        content[20] ^= 1
        self.manager.replace("crier-state", sealed(bytes(content)))
        self.start_at(f"127.0.0.1:{self.port}")
        Stream(self.port)
        self.assertEqual(self.manager.store, [])

    def test_another_spelling_of_the_address_takes_its_place(self):
        self.start_at(f"127.0.0.1:{self.port}")
        stream = Stream(self.port)
        self.manager.stop()
        self.start_at(f"localhost:{self.port}")
        self.publish("after")
        stream.wait_for("after")

    def test_a_unix_socket_gets_its_new_permissions(self):
        path = self.directory / "socket"
        config = self.directory / "crier.toml"
        for mode in ["0666", "0600"]:
            config.write_text(f'[[listen]]\naddress = "unix:{path}"\nmode = "{mode}"\n')
            self.manager.start(f"--config={config}")
            self.assertEqual(oct(path.stat().st_mode & 0o777)[2:], mode[1:])
            self.manager.stop()


class Requests(StateTest):
    def test_publishers_that_never_pause_do_not_delay_a_restart_and_get_their_counts(self):
        self.start("--set=history.store=sqlite", f"--set=history.path={self.directory}/history.db")
        line = b'{"channel":"a","data":"line"}\n' * 50
        answers = []

        def publish():
            client = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            client.sendall(b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
                           b"Transfer-Encoding: chunked\r\n\r\n")
            client.setblocking(False)
            chunk = rest = f"{len(line):x}\r\n".encode() + line + b"\r\n"
            # Until the answer comes.
            while not select.select([client], [client], [], 30)[0]:
                rest = rest[client.send(rest):] or chunk
            answers.append(client.recv(4096))

        publishers = [threading.Thread(target=publish) for _ in range(4)]
        for publisher in publishers:
            publisher.start()
        stream = Stream(self.port)
        stream.wait_for("data: line")
        began = time.monotonic()
        self.manager.stop()
        self.assertLess(time.monotonic() - began, 5)
        for publisher in publishers:
            publisher.join(30)
        counts = [int(re.search(rb'"published":(\d+)', answer)[1]) for answer in answers]
        self.assertEqual(len(counts), 4)
        self.start()
        last = self.publish("last")
        self.assertEqual(int(last.split("-")[1]), sum(counts) + 1)

    def test_a_connection_between_two_requests_goes_on(self):
        self.start()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        for number in range(3):
            connection.request("POST", "/events/a", str(number))
            self.assertEqual(json.loads(connection.getresponse().read())["id"].split("-")[1], str(number + 1))
            socket_before = connection.sock
            if number < 2:
                self.manager.stop()
                self.start()
        self.assertIs(connection.sock, socket_before)

    def test_a_request_that_comes_during_the_restart_is_answered_after_it(self):
        self.start()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        self.manager.stop()
        connection.request("GET", "/healthz")
        self.start()
        self.assertEqual(connection.getresponse().status, 200)

    def test_a_request_of_which_a_part_has_come_gets_503(self):
        self.start()
        client = socket.create_connection(("127.0.0.1", self.port), timeout=15)
        client.sendall(b"POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf")
        stream = Stream(self.port)
        self.publish("x")
        stream.wait_for("data: x")
        self.manager.stop()
        self.assertIn(b"HTTP/1.1 503 ", client.recv(4096))
        self.start()
        self.publish("after")
        stream.wait_for("after")

    def test_a_streaming_publish_gets_503_with_its_count(self):
        self.start()
        stream = Stream(self.port)
        client = socket.create_connection(("127.0.0.1", self.port), timeout=15)
        client.sendall(b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
                       b"Transfer-Encoding: chunked\r\n\r\n")
        line = b'{"channel":"a","data":"line"}\n'
        client.sendall(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        stream.wait_for("data: line")
        self.manager.stop()
        answer = client.recv(4096)
        self.assertIn(b"HTTP/1.1 503 ", answer)
        self.assertIn(b'"published":1', answer)
        self.start()
        self.publish("after")
        stream.wait_for("after")

    def test_a_client_that_does_not_take_its_answer_delays_a_restart_by_a_second_only(self):
        self.start()
        for number in range(400):
            self.publish(channel=f"{'c' * 200}/{number}")
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        client.connect(("127.0.0.1", self.port))
        client.sendall(b"GET /channels?count=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200)
        stream = Stream(self.port)
        began = time.monotonic()
        self.manager.stop()
        self.assertLess(time.monotonic() - began, 5)
        self.start()
        self.publish("after")
        stream.wait_for("after")


class InPlace(StateTest):
    """SIGUSR2: the program starts anew in the same process, or does not."""

    def start_copy(self):
        self.program = self.directory / "crier"
        self.program.write_bytes(pathlib.Path(BINARY).read_bytes())
        self.program.chmod(0o755)
        self.manager.binary = str(self.program)
        self.config = self.directory / "crier.toml"
        self.config.write_text("")
        self.start(f"--config={self.config}")
        return Stream(self.port)

    def restart(self):
        before = self.manager.ready
        self.manager.process.send_signal(signal.SIGUSR2)
        self.manager.wait_for(
            lambda: self.manager.ready > before or "given up" in self.manager.said(), "the restart ends")

    def serves_on(self, stream, reason):
        self.manager.wait_for(lambda: "the restart is given up" in self.manager.said(), "the restart is given up")
        self.assertRegex(self.manager.said(), reason)
        self.publish("still here")
        stream.wait_for("still here")
        Stream(self.port)

    def test_a_program_that_is_gone_leaves_the_old_one_serving(self):
        stream = self.start_copy()
        self.program.unlink()
        self.restart()
        self.serves_on(stream, "No such file")

    def test_a_program_that_fails_leaves_the_old_one_serving(self):
        stream = self.start_copy()
        self.program.unlink()
        self.program.write_text("#!/bin/sh\necho I cannot >&2\nexit 3\n")
        self.program.chmod(0o755)
        self.restart()
        self.serves_on(stream, "the new program says: I cannot")

    def test_a_program_that_hangs_leaves_the_old_one_serving(self):
        stream = self.start_copy()
        self.program.unlink()
        self.program.write_text("#!/bin/sh\nexec sleep 1000\n")
        self.program.chmod(0o755)
        self.config.write_text("[server]\nshutdown = \"1s\"\n")
        self.manager.process.send_signal(signal.SIGHUP)
        self.manager.wait_for(lambda: "reloaded" in self.manager.said(), "the reload")
        self.restart()
        self.serves_on(stream, "the restart is given up")

    def test_a_mistake_in_the_configuration_leaves_the_old_one_serving(self):
        stream = self.start_copy()
        self.config.write_text("[server]\nheartbeat = \"soon\"\n")
        self.restart()
        self.serves_on(stream, r"crier.toml:2")

    def test_another_history_leaves_the_old_one_serving(self):
        stream = self.start_copy()
        self.config.write_text(f'[history]\nstore = "sqlite"\npath = "{self.directory}/other.db"\n')
        self.restart()
        self.serves_on(stream, "history.store and history.path cannot change")

    def test_a_reload_does_not_apply_what_awaits_a_restart(self):
        stream = self.start_copy()
        other = f'[history]\nstore = "sqlite"\npath = "{self.directory}/other.db"\n'
        for number, text in enumerate([other, other + "[server]\nloops = 3\n"]):
            self.config.write_text(text)
            self.manager.process.send_signal(signal.SIGHUP)
            self.manager.wait_for(lambda: self.manager.said().count("reloaded") == number + 1, "the reload")
        self.publish("still here")
        stream.wait_for("still here")
        self.manager.wait_for(lambda: "after a restart: server.loops, history.store" in self.manager.status, "the status")

    def test_a_signal_to_stop_that_comes_during_a_restart_is_heeded_and_the_connections_live_on(self):
        # A loop may hear of the next standstill before it has noticed that the restart was given up.
        for number in range(10):
            self.start("--set", "server.shutdown=200ms")
            stream = Stream(self.port)
            client = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            client.sendall(b"POST /events/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf")
            self.manager.process.send_signal(signal.SIGUSR2)
            self.manager.wait_for(lambda: self.manager.said().count("restarting") > number, "the restart begins")
            self.manager.stop()
            self.assertIsNotNone(self.manager.descriptor("crier-state"), self.manager.said())

    def test_no_descriptor_leaks_in_ten_restarts(self):
        stream = self.start_copy()
        counts = []
        for _ in range(10):
            self.restart()
            self.publish("again")
            counts.append(len(os.listdir(f"/proc/{self.manager.process.pid}/fd")))
        self.assertLessEqual(max(counts[1:]), counts[1] + 1, counts)


if __name__ == "__main__":
    unittest.main()
