"""What becomes of streams when a daemon with server.survive-crash is killed. A byte too many or too few would show: each test
compares the whole stream."""
import array, http.client, mmap, os, random, re, resource, shutil, signal, socket, struct, time, unittest

from test_states import BINARY, StateTest, Stream, Grants as GrantTest

resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)

HEADER, CURSOR = 64 * 1024, 64
SECOND, REGISTERED, SUSPENDED, HEARTBEAT = 1, 2, 4, 8


class Memory:
    """What a daemon has recorded, as the sources lay it out."""

    def __init__(self, descriptor):
        self.map = mmap.mmap(descriptor, 0)

    def word(self, place):
        return struct.unpack_from("<Q", self.map, place)[0]

    def cursors(self):
        """The places of the cursors that somebody has."""
        loops, slots = self.word(16), self.word(24)
        places = (HEADER + CURSOR * (loop * slots + slot) for loop in range(loops) for slot in range(self.word(512 + 8 * loop)))
        return [place for place in places if self.word(place + 32) & REGISTERED]

    def set_state(self, place, state):
        struct.pack_into("<Q", self.map, place + 32, state)


class CrashTest(StateTest):
    def setUp(self):
        super().setUp()
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]

    def begin(self, *settings, durable=True):
        history = ["history.store=sqlite", f"history.path={self.directory}/history.db"] if durable else []
        self.arguments = [f"--listen=127.0.0.1:{self.port}"] + [
            f"--set={setting}" for setting in ["server.survive-crash=true", "server.dead-peer=1h", *history, *settings]]
        self.manager.start(*self.arguments)

    def memory(self):
        return Memory(self.manager.descriptor("crier-recovery"))

    def kept(self):
        """How many sockets are kept, without taking them: a second number for the queue shares its place in it, so this is
        for a daemon that is gone."""
        queue = socket.socket(fileno=os.dup(self.manager.descriptor("crier-recovery-sockets")))
        count = 0
        with queue:
            while True:
                try:
                    _, control, _, _ = queue.recvmsg(2, socket.CMSG_SPACE(4 * 253), socket.MSG_DONTWAIT)
                except BlockingIOError:
                    return count
                if not control:
                    return count
                numbers = array.array("i", control[0][2])
                count += len(numbers)
                for number in numbers:
                    os.close(number)

    def sockets_in_queue(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return int(re.search(r"^crier_recovery_sockets (\d+)$", text, re.MULTILINE)[1])

    def wait_until(self, what, condition, seconds=30):
        """Asks the daemon again and again; each look is a request, and so takes its time."""
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)

    def wait_until_kept(self, count=1):
        """The loops keep the sockets of new subscribers ten times a second."""
        self.wait_until("the sockets are kept", lambda: self.sockets_in_queue() >= count)

    def kill(self):
        self.manager.process.kill()
        self.manager.process.wait()

    def crash(self):
        self.kill()
        self.manager.start(*self.arguments)

    def data(self, stream):
        return re.findall(r"^data: ([^{].*)$", stream.text, re.MULTILINE)


class Streams(CrashTest):
    def test_a_stream_goes_on(self):
        self.begin()
        stream = Stream(self.port)
        self.publish("1")
        stream.wait_for("data: 1\n")
        self.wait_until_kept()
        for number in range(2, 6):
            self.crash()
            self.publish(str(number))
            stream.wait_for(f"data: {number}\n")
        self.assertEqual(self.data(stream), list("12345"))
        self.assertIn("streams=1", self.manager.said())

    def test_a_crash_between_a_write_and_its_record_doubles_nothing(self):
        self.begin()
        streams = [Stream(self.port, path) for path in ["/events/a", "/events/a?envelope=1", "/events?channel=*"]]
        self.publish("first")
        for stream in streams:
            stream.wait_for("first")
        self.wait_until_kept(3)
        self.publish("second")
        for stream in streams:
            stream.wait_for("second")
        self.kill()
        memory = self.memory()
        self.assertEqual(len(memory.cursors()), 3)
        for place in memory.cursors():
            # The mark before is still there.
            memory.set_state(place, memory.word(place + 32) ^ SECOND)
        self.manager.start(*self.arguments)
        self.publish("third")
        for stream in streams:
            stream.wait_for("third")
            for text in ["first", "second", "third"]:
                self.assertEqual(stream.text.count(text), 1, stream.text)

    def test_a_stream_goes_on_in_the_middle_of_an_event(self):
        self.begin("limits.body=64MiB", "history.bytes=256MiB")
        stream = Stream(self.port)
        # More than the buffers of both ends hold.
        event = "".join(random.Random(1).choices("abcdefgh", k=1 << 20)) * 32
        self.publish(event)
        self.wait_until_kept()
        for _ in range(3):
            stream.text += stream.socket.recv(1 << 16).decode()
            self.crash()
        self.publish("after")
        stream.wait_for("data: after\n")
        chunks = stream.text.split("\r\n\r\n", 1)[1]
        self.assertIn(f"data: {event}\n\n\r\n", chunks)
        self.assertEqual(stream.text.count("\ndata: "), 2)

    def test_a_heartbeat_is_sent_once(self):
        self.begin("server.heartbeat=1s")
        stream = Stream(self.port)
        stream.wait_for("\r\n:\n\r\n")
        self.wait_until_kept()
        self.kill()
        memory = self.memory()
        [place] = memory.cursors()
        count = stream.text.count("\r\n:\n\r\n")
        memory.set_state(place, memory.word(place + 32) ^ SECOND | HEARTBEAT)
        self.manager.start(*self.arguments)
        self.publish("after")
        stream.wait_for("data: after\n")
        body = stream.text.split("\r\n\r\n", 1)[1]
        self.assertRegex(body, r"\A[0-9a-f]+\r\n:ok\nretry: \d+\n\r\n(2\r\n:\n\r\n)+[0-9a-f]+\r\nid: ")
        self.assertGreaterEqual(body.count(":\n\r\n"), count)

    def test_a_stream_in_the_middle_of_other_bytes_is_closed(self):
        self.begin()
        stream = Stream(self.port)
        self.wait_until_kept()
        self.kill()
        memory = self.memory()
        [place] = memory.cursors()
        memory.set_state(place, memory.word(place + 32) | SUSPENDED)
        before = stream.text
        self.manager.start(*self.arguments)
        self.assertEqual(stream.rest(), before)

    def test_a_mark_that_cannot_be_closes_the_stream(self):
        self.begin()
        streams = [Stream(self.port) for _ in range(3)]
        self.wait_until_kept(3)
        self.kill()
        memory = self.memory()
        for place, difference in zip(memory.cursors(), [1, -1, -(1 << 40)]):
            written = place + (24 if memory.word(place + 32) & SECOND else 8)
            struct.pack_into("<Q", memory.map, written, (memory.word(written) + difference) % (1 << 64))
        self.manager.start(*self.arguments)
        for stream in streams:
            before = stream.text
            self.assertEqual(stream.rest(), before)

    def test_a_subscriber_that_has_left_a_channel_stays_away_from_it(self):
        self.begin()
        stream = Stream(self.port, "/events?channel=a&channel=b")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        connection.request("DELETE", "/channels/a")
        connection.getresponse().read()
        stream.wait_for("crier.end")
        self.publish("again", channel="a")
        self.wait_until_kept()
        self.crash()
        self.publish("b1", channel="b")
        stream.wait_for("b1")
        self.assertNotIn("again", stream.text)

    def test_an_id_of_a_publisher_that_looks_like_a_position_changes_nothing(self):
        self.begin()
        stream = Stream(self.port)
        first = self.publish("1")
        self.publish("2", Content_Type="text/plain")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        second = f"{first.rsplit('-', 1)[0]}-2"
        connection.request("POST", f"/events/b?id={second}", "b")
        connection.getresponse().read()
        stream.wait_for("data: 2\n")
        self.wait_until_kept()
        self.crash()
        self.publish("3")
        stream.wait_for("data: 3\n")
        self.assertEqual(self.data(stream), list("123"))

    def test_events_that_the_history_no_longer_has_are_told(self):
        self.begin("history.events=1")
        streams = [Stream(self.port) for _ in range(2)]
        self.publish("1")
        self.wait_until_kept(2)
        for stream in streams:
            stream.wait_for("data: 1\n")
        self.kill()
        memory = self.memory()
        place, other = memory.cursors()
        # As if the process had been killed before the first had the event, and while the second got it.
        state = memory.word(place + 32) ^ SECOND
        taken = memory.word(place + (24 if state & SECOND == 0 else 8))
        struct.pack_into("<Q", memory.map, place + (24 if state & SECOND else 8), taken)
        for place in [place, other]:
            memory.set_state(place, state)
        before = [stream.text for stream in streams]
        # Two more events, of which the history keeps one.
        self.manager.store, kept = [], self.manager.store
        self.manager.start(*self.arguments)
        self.publish("2")
        self.publish("3")
        self.kill()
        self.manager.store = kept
        self.manager.start(*self.arguments)
        first, second = streams
        first.wait_for("data: 3\n")
        self.assertIn('crier.gap', first.text)
        self.assertEqual(self.data(first), ["1", "3"])
        self.assertEqual(second.rest(), before[1])

    def test_a_restart_and_then_a_crash(self):
        self.begin()
        stream = Stream(self.port)
        self.wait_until_kept()
        for number in range(4):
            if number % 2:
                self.crash()
            else:
                self.manager.stop()
                self.manager.start(*self.arguments)
            self.publish(str(number))
            stream.wait_for(f"data: {number}\n")
        self.assertEqual(self.data(stream), list("0123"))

    def test_a_restart_in_place_and_then_a_crash(self):
        self.begin()
        stream = Stream(self.port)
        self.wait_until_kept()
        before = self.manager.ready
        self.manager.process.send_signal(signal.SIGUSR2)
        self.manager.wait_for(lambda: self.manager.ready > before, "the daemon is ready again")
        self.crash()
        self.publish("after")
        stream.wait_for("data: after\n")
        self.assertEqual(self.data(stream), ["after"])

    def test_without_durable_history_a_stream_goes_on_after_a_gap(self):
        self.begin(durable=False)
        stream = Stream(self.port)
        self.publish("lost with the process")
        stream.wait_for("process")
        self.wait_until_kept()
        self.crash()
        stream.wait_for("crier.gap")
        self.assertIn('"lost":null', stream.text)
        self.publish("after")
        stream.wait_for("data: after\n")

    def test_a_client_that_has_left_meanwhile_is_gone(self):
        self.begin()
        stream = Stream(self.port)
        self.wait_until_kept()
        self.kill()
        stream.socket.close()
        self.manager.start(*self.arguments)
        Stream(self.port)
        self.assertIn("streams=0", self.manager.said())


class Streamed(CrashTest):
    """Streams that do not simply get the log from their positions on, and whatever happens before a stream has found its place.
    Each goes on rightly, or is closed; nothing is sent twice, or within something else."""

    MEBIBYTE = 1 << 20
    LARGE = ["limits.body=64MiB", "history.bytes=512MiB"]

    def fill(self, letters, channel="a", size=16 * MEBIBYTE):
        for letter in letters:
            self.publish(letter * size, channel=channel)

    def events(self, stream, last="final\n"):
        """The ids and the data of the events up to the last one, or up to where the stream was closed. Each must be whole."""
        text, pieces = stream.text, [stream.text]
        try:
            while last not in pieces[-1][-200:]:
                more = stream.socket.recv(1 << 20)
                if not more:
                    break
                pieces.append(more.decode())
        except ConnectionResetError:
            pass
        rest = "".join(pieces).split("\r\n\r\n", 1)[1]
        found = []
        while rest:
            size, _, after = rest.partition("\r\n")
            if not re.fullmatch("[0-9a-f]+", size) or len(after) < int(size, 16) + 2:
                self.assertRegex(rest, r"\A[0-9a-f]*\r?\n?(id: [^\n]*(\ndata: (.)\3*)?)?\Z", "something within an event")
                break
            size = int(size, 16)
            chunk, rest = after[:size], after[size + 2:]
            if match := re.fullmatch(r"id: (\S+)\ndata: ((.)\3*|final)\n\n", chunk):
                found.append((int(match[1].split("-")[1]), match[2][0], len(match[2])))
            else:
                self.assertRegex(chunk, r"\A(:ok\nretry: \d+\n|:\n|event: crier\.(gap|expired|end)\ndata: \{.*\}\n\n(retry: \d+\n)?)?\Z")
        self.assertEqual([number for number, _, _ in found], sorted({number for number, _, _ in found}), "an event came twice")
        return found

    def test_channels_with_replays_of_their_own(self):
        self.begin(*self.LARGE)
        self.publish("b", channel="b")
        self.fill("on", size=32 * self.MEBIBYTE)
        stream = Stream(self.port, "/events?channel=a&channel=b&replay=1")
        stream.wait_for("nnnn")
        self.wait_until_kept()
        self.crash()
        self.publish("final", channel="b")
        self.assertNotIn("o", [letter for _, letter, _ in self.events(stream)])

    def test_a_slow_reader_that_has_skipped_events(self):
        for action in ["skip", "latest"]:
            with self.subTest(action=action):
                self.begin(*self.LARGE, f"slow.action={action}", *(["slow.events=2"] if action == "skip" else []))
                stream = Stream(self.port)
                self.wait_until_kept()
                self.fill("pqrstu")
                stream.wait_for("uuuu")
                self.crash()
                self.publish("final")
                self.events(stream)
                self.manager.stop()
                (self.directory / "history.db").unlink()

    def test_a_pattern_of_which_the_log_has_few_events(self):
        self.begin(*self.LARGE, "history.events=100000")
        stream = Stream(self.port, "/events?channel=x/*")
        self.wait_until_kept()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        for _ in range(5000):
            connection.request("POST", "/events/y", "e")
            connection.getresponse().read()
        self.fill("p", "x/1", 32 * self.MEBIBYTE)
        stream.wait_for("pppp")
        self.crash()
        self.publish("final", channel="x/1")
        self.assertEqual([letter for _, letter, _ in self.events(stream)], ["p", "f"])

    def test_a_restart_before_streams_have_found_their_places(self):
        self.begin(*self.LARGE, "history.memory=1MiB", "server.loops=1")
        streams = [Stream(self.port) for _ in range(30)]
        self.wait_until_kept(30)
        self.fill("p", size=8 * self.MEBIBYTE)
        for stream in streams:
            stream.wait_for("pppp")
        self.fill("q", size=3 * self.MEBIBYTE)
        self.crash()
        self.manager.stop()
        self.manager.start(*self.arguments)
        self.publish("final")
        for stream in streams:
            self.events(stream)


class Closing(CrashTest):
    """Another process has the sockets of subscribers too; crier must end them all the same."""

    def test_a_stream_that_crier_ends_is_closed(self):
        self.begin()
        stream = Stream(self.port)
        self.wait_until_kept()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        connection.request("DELETE", "/channels/a")
        connection.getresponse().read()
        self.assertTrue(stream.rest().endswith("0\r\n\r\n"))

    def test_a_slow_reader_is_cut_off(self):
        self.begin("slow.events=2", "slow.action=disconnect", "limits.body=64MiB", "history.bytes=512MiB")
        stream = Stream(self.port)
        self.wait_until_kept()
        for _ in range(6):
            self.publish("x" * (8 << 20))
        stream.rest()

    def test_the_sockets_of_clients_that_left_are_removed(self):
        self.begin()
        stays = Stream(self.port)
        for _ in range(5):
            before = self.sockets_in_queue()
            streams = [Stream(self.port) for _ in range(200)]
            self.wait_until("200 more sockets were kept", lambda: self.sockets_in_queue() != before)
            for stream in streams:
                stream.socket.close()
        # Every ten seconds also few of them.
        self.wait_until("one socket is left", lambda: self.sockets_in_queue() == 1)
        self.kill()
        self.assertLess(self.kept(), 3)
        stays.socket.close()

    def test_nothing_is_left_after_a_stop(self):
        self.begin()
        stream = Stream(self.port)
        self.wait_until_kept()
        self.manager.stop()
        self.assertIsNone(self.manager.descriptor("crier-recovery"))
        self.manager.start(*self.arguments)
        self.publish("after")
        stream.wait_for("data: after\n")


class Grants(CrashTest, GrantTest):
    def configuration(self, tokens):
        flag = super().configuration(tokens)
        path = self.directory / "crier.toml"
        path.write_text(path.read_text() + "admin = true\n")  # of callers without a token, for the metrics
        return flag

    def test_a_stream_goes_on_with_its_grant_and_ends_when_its_rule_is_gone(self):
        self.begin()
        self.arguments.append(self.configuration(self.TOKENS))
        self.crash()
        streams = [Stream(self.port, fields=f"Authorization: Bearer {token}\r\n") for token in self.TOKENS]
        self.wait_until_kept(2)
        self.kill()
        self.configuration(["one"])
        self.manager.start(*self.arguments)
        self.publish("last")
        streams[0].wait_for("last")
        text = streams[1].rest()
        self.assertIn('event: crier.expired\ndata: {"reason":"revoked"}', text)
        self.assertNotIn("data: last", text)

    def test_a_grant_that_is_gone_ends_a_stream_in_the_middle_of_an_event_without_a_byte(self):
        self.begin("limits.body=64MiB", "history.bytes=512MiB", "history.memory=1MiB")
        self.arguments.append(self.configuration(self.TOKENS))
        self.crash()
        stream = Stream(self.port, fields="Authorization: Bearer two\r\n")
        self.wait_until_kept()
        self.publish("p" * (32 << 20))
        stream.wait_for("pppp")
        self.publish("q" * (3 << 20))
        self.kill()
        self.configuration(["one"])
        self.manager.start(*self.arguments)
        while more := stream.socket.recv(1 << 20):
            stream.text += more.decode()
        self.assertRegex(stream.text[-1000:], r"\Ap+(\n\n\r\n|[0-9a-f]+\r\nevent: crier.expired|.*\Z)")
        self.assertNotRegex(stream.text, r"p[0-9a-f]*\r\nevent:")

    test_a_rule_that_was_added_ends_the_streams_of_strangers = None


class FewDescriptors(CrashTest):
    def test_packing_the_queue_never_drops_a_socket_for_want_of_descriptors(self):
        self.begin("server.loops=1")
        self.kill()
        self.manager.store = []
        self.manager.start(*self.arguments, limit=1400)
        streams = [Stream(self.port) for _ in range(700)]
        self.wait_until_kept(700)
        for stream in streams[:10]:
            stream.socket.close()
        # Every ten seconds also few of them.
        self.wait_until("those of the ten are removed", lambda: self.sockets_in_queue() == 690)
        self.kill()
        self.assertGreaterEqual(self.kept(), 690)

    @unittest.skipUnless(os.getuid() == 0 and shutil.which("setpriv"), "SKIPPED: needs root, to run crier as another user")
    def test_a_user_whose_sockets_in_flight_are_limited_restarts_all_the_same(self):
        program = self.directory / "crier"
        program.write_text(f"#!/bin/sh\nexec setpriv --reuid 65432 --regid 65432 --clear-groups {BINARY} \"$@\"\n")
        program.chmod(0o755)
        os.chmod(self.directory, 0o777)
        os.chmod(self.directory / "notify", 0o777)
        self.manager.binary = program
        self.begin("server.loops=1")
        self.kill()
        self.manager.store = []
        self.manager.start(*self.arguments, limit=1400)
        streams = [Stream(self.port) for _ in range(750)]
        self.wait_until_kept(750)
        ready = self.manager.ready
        self.manager.process.send_signal(signal.SIGUSR2)
        self.manager.wait_for(lambda: self.manager.ready > ready, "it is ready again")
        self.manager.stop()
        self.assertIn("the next process continues the connections connections=750", self.manager.said())
        self.manager.start(*self.arguments, limit=1400)
        self.publish("after")
        for stream in streams:
            stream.wait_for("data: after\n")
            stream.socket.close()


class Damaged(CrashTest):
    """Whatever the memory says, the daemon starts and serves, and no stream gets a byte that does not belong there."""

    def test_random_words(self):
        generator = random.Random(3)
        self.begin()
        for _ in range(60):
            streams = [Stream(self.port) for _ in range(2)]
            self.wait_until_kept(2)
            self.kill()
            memory = self.memory()
            cursors = memory.cursors()
            blocks = HEADER + CURSOR * memory.word(16) * memory.word(24)
            for _ in range(generator.randint(1, 4)):
                place = generator.choice([
                    generator.randrange(0, 48), generator.randrange(512, 528), generator.randrange(1024, 1100),
                    generator.choice(cursors) + generator.randrange(8, CURSOR),
                    blocks + generator.randrange(0, 512), blocks + 256 * memory.word(24) + generator.randrange(0, 512)])
                memory.map[place % len(memory.map)] = generator.randrange(256)
            self.manager.start(*self.arguments)
            number = self.publish("after")
            for stream in streams:
                try:
                    while "data: after" not in stream.text:
                        more = stream.socket.recv(1 << 16)
                        if not more:
                            break
                        stream.text += more.decode()
                except ConnectionResetError:
                    pass
                body = stream.text.split("\r\n\r\n", 1)[1]
                self.assertRegex(
                    body, r"\A[0-9a-f]+\r\n:ok\nretry: \d+\n\r\n((2\r\n:\n|[0-9a-f]+\r\n(event: crier.gap\ndata: .*\n\n|id: .*\ndata: after\n\n))\r\n)*\Z")
                self.assertLessEqual(body.count(number), 1)
                stream.socket.close()

    def test_another_version(self):
        self.begin()
        stream = Stream(self.port)
        self.wait_until_kept()
        self.kill()
        memory = self.memory()
        memory.map[8] += 1
        before = stream.text
        self.manager.start(*self.arguments)
        self.assertIn("it has version 2, and this crier reads version 1", self.manager.said())
        self.assertEqual(stream.rest(), before)

    def test_memory_that_another_process_has_taken_over(self):
        self.begin()
        stream = Stream(self.port)
        self.wait_until_kept()
        self.kill()
        memory = self.memory()
        memory.map[32] = 1
        before = stream.text
        self.manager.start(*self.arguments)
        self.assertIn("had taken it over", self.manager.said())
        self.assertEqual(stream.rest(), before)

    def test_a_file_that_could_become_shorter(self):
        self.begin()
        stream = Stream(self.port)
        self.wait_until_kept()
        self.kill()
        other = os.memfd_create("other", os.MFD_ALLOW_SEALING)
        os.write(other, self.memory().map[:])
        self.manager.replace("crier-recovery", other)
        self.manager.start(*self.arguments)
        self.assertIn("cannot be read", self.manager.said())
        stream.rest()


class SmallStore(CrashTest):
    room = 2

    def test_is_enough_also_for_a_second_crash(self):
        self.begin()
        stream = Stream(self.port)
        for number in range(3):
            self.wait_until_kept()
            self.crash()
            self.publish(str(number))
            stream.wait_for(f"data: {number}\n")


class NoStore(CrashTest):
    room = 1

    def test_the_daemon_says_so_and_serves(self):
        self.begin()
        self.assertIn("server.survive-crash has no effect", self.manager.said())
        stream = Stream(self.port)
        self.publish("x")
        stream.wait_for("data: x\n")
        self.assertEqual(self.manager.store, [])
        self.kill()
        stream.rest()
