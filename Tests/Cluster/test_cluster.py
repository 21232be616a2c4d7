"""Several real nodes of crier with real members of etcd, and what happens when something goes wrong."""
import base64, json, os, pathlib, re, shutil, signal, subprocess, tempfile, time, unittest

from etcd import Etcd, call, text
from nodes import Node, Subscriber

BINARY = pathlib.Path(os.environ["BINARY"])


class ClusterCase(unittest.TestCase):
    """Nodes, and the etcd that they use. Members that a test does not harm are shared by all tests."""

    shared = None

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="crier-cluster-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.prefix = f"/{self.id().rsplit('.', 1)[1]}"

    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.mkdtemp(prefix="crier-etcd-")
        cls.addClassCleanup(shutil.rmtree, cls.place, ignore_errors=True)

    def etcd(self, **options):
        etcd = Etcd(tempfile.mkdtemp(dir=self.directory), **options)
        self.addCleanup(etcd.stop)
        return etcd.start()

    def node(self, name, etcd, *settings, wait=True, wrapper=()):
        node = Node(BINARY, self.directory, name, etcd, [f"cluster.prefix={self.prefix}", *settings], wrapper)
        self.addCleanup(node.kill)
        node.start()
        return node.wait() if wait else node

    def subscriber(self, *arguments, **options):
        subscriber = Subscriber(*arguments, **options)
        self.addCleanup(subscriber.stop)
        subscriber.start()
        return subscriber

    def await_truth(self, condition, what, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.05)


class Nodes(ClusterCase):
    """All is well with etcd."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared = Etcd(cls.place, count=1)
        cls.addClassCleanup(cls.shared.stop)
        cls.shared.start()

    def test_an_event_reaches_the_subscribers_of_all_nodes_with_one_id(self):
        nodes = [self.node(f"n{index}", self.shared) for index in range(3)]
        subscribers = [self.subscriber(node, "news") for node in nodes]
        ids = [nodes[index % 3].publish("news", f"event {index}") for index in range(9)]
        for subscriber in subscribers:
            self.assertEqual(subscriber.await_events(9), [f"event {index}" for index in range(9)])
            self.assertEqual([id for id, _, _ in subscriber.events], ids)

    def test_a_client_resumes_on_another_node(self):
        a, b = self.node("a", self.shared), self.node("b", self.shared)
        first = a.publish("news", "one")
        b.publish("news", "two")
        a.publish("news", "three")
        resumed = self.subscriber(b, "news", last=first, query="")
        self.assertEqual(resumed.await_events(2), ["two", "three"])
        self.assertEqual(resumed.gaps, [])

    def test_a_node_that_starts_late_has_the_history(self):
        a = self.node("a", self.shared)
        for index in range(20):
            a.publish(f"channel/{index % 4}", f"event {index}")
        self.assertEqual(a.end("channel/3"), 200)
        b = self.node("b", self.shared)
        self.assertEqual(b.dump("channel/1"), a.dump("channel/1"))
        self.assertEqual(len(b.dump("channel/1")), 5)
        # The channel has ended there too.
        self.assertEqual(b.status("GET", "/events/channel/3"), 204)

    def test_the_metrics_of_the_alerts_and_of_the_documentation_exist(self):
        docs = pathlib.Path(__file__).resolve().parents[2] / "docs"
        named = "".join((docs / file).read_text() for file in ("monitoring.md", "monitoring/alerts.yml", "cluster.md"))
        has = set(re.findall(r"^(crier_cluster_\w+)", self.node("a", self.shared).get("/metrics"), re.MULTILINE))
        self.assertEqual(set(re.findall(r"crier_cluster_\w+", named)) - has - {name.removesuffix("_bucket") for name in has}, set())

    def test_events_that_are_not_in_memory_are_read_from_etcd(self):
        a = self.node("a", self.shared, "history.memory=0B")
        ids = [a.publish(f"channel/{index % 2}", f"event {index}\nof {index}") for index in range(60)]
        self.assertIn('crier_history_bytes{place="memory"} 0\n', a.get("/metrics"))
        expected = [(ids[index], f"of {index}") for index in range(60)]
        self.assertEqual(a.dump("channel/0"), expected[::2])
        # The client names two channels, and a position between their events.
        resumed = self.subscriber(a, "channel/*", last=ids[9], query="")
        self.assertEqual(resumed.await_events(50), [f"of {index}" for index in range(10, 60)])

    def test_a_position_that_no_node_has_given_is_a_gap(self):
        a = self.node("a", self.shared)
        id = a.publish("news", "one")
        epoch, number = id.split("-")
        ahead = self.subscriber(a, "news", last=f"{epoch}-{int(number) + 1024 * 1000}", query="")
        self.await_truth(lambda: ahead.gaps, "no gap came")
        self.assertIsNone(json.loads(ahead.gaps[0])["lost"])

    def test_a_publish_is_one_publish_whichever_nodes_get_it(self):
        a, b = self.node("a", self.shared), self.node("b", self.shared)
        subscriber = self.subscriber(a, "news")
        ids = {node.publish("news", "once", key="k1") for node in (a, b, a, b)}
        self.assertEqual(len(ids), 1)
        b.publish("news", "end")
        self.assertEqual(subscriber.await_events(2), ["once", "end"])
        self.assertEqual(b.post("news", "other", key="k1")[0], 422)

    def test_the_end_of_a_channel_is_the_end_on_all_nodes(self):
        a, b = self.node("a", self.shared), self.node("b", self.shared)
        subscriber = self.subscriber(b, "news")
        subscriber.expects_drop = lambda: True
        a.publish("news", "last")
        subscriber.await_events(1)
        # A node may end a channel that only another one has subscribers of.
        self.await_truth(lambda: a.end("news") == 200, "the channel cannot be ended")
        self.await_truth(lambda: b.status("GET", "/events/news") == 204, "b does not know of the end")
        b.publish("news", "again")
        self.assertEqual([data for _, data in a.dump("news")], ["again"])

    def test_receipts_count_the_subscribers_of_other_nodes(self):
        a, b = self.node("a", self.shared), self.node("b", self.shared)
        subscribers = [self.subscriber(b, "news"), self.subscriber(b, "*"), self.subscriber(a, "news")]
        self.await_truth(lambda: a.post("news", "x")[2]["subscribers"] == 3, "a does not count three")
        for subscriber in subscribers[:2]:
            subscriber.stop()
        self.await_truth(lambda: a.post("news", "x")[2]["subscribers"] == 1, "a does not count one")
        b.kill()

    def test_an_event_that_etcd_cannot_take_is_413_and_holds_up_nobody(self):
        a = self.node("a", self.shared)
        # Each line feed becomes six bytes on the wire.
        status, _, body = a.post("news", "\n" * 350_000)
        self.assertEqual(status, 413)
        self.assertIn("the shared log takes 1400000 at once", body["detail"])
        began = time.monotonic()
        a.publish("news", "small")
        # What waits behind an event that can never be stored would be refused after 10 s.
        self.assertLess(time.monotonic() - began, 8)
        a.publish("news", "x" * 1_040_000)

    def test_a_key_is_remembered_longer_than_its_event(self):
        a, b = self.node("a", self.shared, "history.events=1"), self.node("b", self.shared, "history.events=1")
        first = a.publish("news", "once", key="k")
        for index in range(20):
            a.publish("news", f"event {index}")
        time.sleep(3)  # several looks at what can be trimmed
        late = self.node("late", self.shared, "history.events=1")
        self.assertEqual([node.publish("news", "once", key="k") for node in (b, late)], [first, first])

    def test_a_wrong_claim_costs_one_new_start_and_no_more(self):
        etcd = self.etcd(count=1)
        a = self.node("a", etcd)
        first = a.publish("news", "one")
        subscriber = self.subscriber(a, "news")
        subscriber.await_events(1)
        number = lambda value: bytes([value & 127 | 128, *number(value >> 7)]) if value > 127 else bytes([value])
        name = lambda value: number(len(value)) + value.encode()
        revision = int(first.split("-")[1]) // 1024
        entry = (b"\1" + name("stranger") + name("life") + number(0) + number(int(time.time() * 1000)) + number(revision)
                 + b"\xff" * 8 + number(1) + b"\3" + name("elsewhere"))
        call(etcd.endpoints[0], "/v3/kv/put", {
            "key": text(f"{self.prefix}/log/entries"), "value": base64.b64encode(entry).decode()})
        a.await_line("node stranger has decided otherwise")
        a.await_line("continued the connections")
        a.wait()
        a.publish("news", "two")
        self.assertEqual(subscriber.await_events(2), ["one", "two"])
        a.stop()
        a.start()
        a.wait()

    def test_a_log_that_others_have_compacted_begins_a_new_epoch(self):
        etcd = self.etcd(count=1)
        a = self.node("a", etcd)
        old = a.publish("news", "once", key="k")
        head = call(etcd.endpoints[0], "/v3/kv/range", {"key": text("x")})["header"]["revision"]
        call(etcd.endpoints[0], "/v3/kv/compaction", {"revision": head})
        b = self.node("b", etcd)
        a.await_line("the log has begun the epoch")
        self.await_truth(lambda: a.is_ready() and b.is_ready(), "they do not get ready")
        new = {node.publish("news", "once", key="k") for node in (a, b)}
        self.assertEqual(len(new), 1)
        self.assertNotEqual(new.pop().split("-")[0], old.split("-")[0])
        self.assertEqual(a.dump("news"), b.dump("news"))

    def test_the_subscribers_of_a_node_that_was_frozen_count_again(self):
        a, b = self.node("a", self.shared), self.node("b", self.shared)
        self.subscriber(a, "news")
        self.await_truth(lambda: b.post("news", "x")[2]["subscribers"] == 1, "b does not count one")
        a.freeze()
        self.await_truth(lambda: b.post("news", "x")[2]["subscribers"] == 0, "b still counts one", 30)
        a.thaw()
        self.await_truth(lambda: b.post("news", "x")[2]["subscribers"] == 1, "b does not count one again")

    def test_presence_tells_who_comes_on_other_nodes(self):
        a, b = self.node("a", self.shared), self.node("b", self.shared)
        watcher = self.subscriber(a, "$crier/presence/news", query="")
        self.await_truth(lambda: b.metric("crier_cluster_remote_subscribers") == 1, "b does not know of the watcher")
        self.subscriber(a, "news")
        self.await_truth(lambda: len(watcher.events) == 1, "nothing is told of a")
        self.subscriber(b, "news")
        self.await_truth(lambda: len(watcher.events) == 2, "nothing is told of b")
        told = [json.loads(data) for _, data, _ in watcher.events]
        self.assertEqual([(one["channel"], one["count"]) for one in told], [("news", 1), ("news", 1)])
        self.await_truth(lambda: a.metric("crier_cluster_remote_subscribers") == 1, "a does not count b")

    def test_a_node_tells_the_sessions_of_another_one(self):
        a, b = self.node("a", self.shared), self.node("b", self.shared, wait=False)
        b.kill()
        b.command += ["--set", f"cluster.url=http://127.0.0.1:{b.port}"]
        b.start()
        b.wait()
        self.subscriber(b, "news")
        self.await_truth(lambda: len(json.loads(b.get("/sessions"))["sessions"]) == 1, "b has no session")
        self.assertEqual(json.loads(a.get("/sessions"))["sessions"], [])
        # A node is known a moment after it is ready.
        self.await_truth(lambda: a.status("GET", "/sessions?node=b") == 200, "a does not know where b is")
        told = json.loads(a.get("/sessions?node=b&channel=news"))["sessions"]
        self.assertEqual([session["channels"] for session in told], [["news"]])
        self.assertEqual(json.loads(a.get("/sessions?node=b&channel=other"))["sessions"], [])
        self.assertEqual(len(json.loads(b.get("/sessions?node=b"))["sessions"]), 1)
        self.await_truth(lambda: b.status("GET", "/sessions?node=a") == 502, "b does not know that a has no address")
        self.assertEqual(a.status("GET", "/sessions?node=c"), 404)

    def test_the_subscribers_of_a_dead_node_count_no_more(self):
        a, b = self.node("a", self.shared), self.node("b", self.shared)
        self.subscriber(b, "news").expects_drop = lambda: True
        self.await_truth(lambda: a.post("news", "x")[2]["subscribers"] == 1, "a does not count one")
        b.kill()
        self.await_truth(lambda: a.post("news", "x")[2]["subscribers"] == 0, "a still counts one", 30)

    def test_a_restart_in_place_loses_nothing(self):
        a, b = self.node("a", self.shared), self.node("b", self.shared)
        subscriber = self.subscriber(a, "news")
        for index in range(60):
            (a if index % 3 else b).publish("news", f"event {index}", key=f"k{index}") if index % 20 != 10 else (
                a.process.send_signal(signal.SIGUSR2), b.publish("news", f"event {index}"))
        self.assertEqual(subscriber.await_events(60), [f"event {index}" for index in range(60)])
        self.assertEqual((subscriber.drops, subscriber.gaps), ([], []))

    def test_two_clusters_in_one_etcd_do_not_mix(self):
        a = self.node("a", self.shared)
        self.prefix += "-other"
        b = self.node("a", self.shared)
        a.publish("news", "mine")
        b.publish("news", "theirs")
        self.assertEqual([data for _, data in a.dump("news")], ["mine"])
        self.assertEqual([data for _, data in b.dump("news")], ["theirs"])

    def test_a_second_node_of_one_name_stops_the_first_from_publishing(self):
        first = self.node("a", self.shared)
        first.publish("news", "one")
        second = self.node("a", self.shared)
        second.publish("news", "two")
        status, fields, body = first.post("news", "three")
        self.assertEqual((status, fields["Retry-After"]), (503, "1"))
        self.assertIn("another process uses the name of this node", body["detail"])
        self.await_truth(lambda: "another process uses the name of this node, a" in first.problem(), "it is still ready")
        # It follows the log nevertheless.
        self.assertEqual([data for _, data in first.dump("news")], ["one", "two"])

    def test_history_total_bounds_what_etcd_keeps(self):
        a = self.node("a", self.shared, "history.total=64KiB", "history.events=100000")
        b = self.node("b", self.shared, "history.total=64KiB", "history.events=100000")
        first = a.publish("news", "first")
        for index in range(300):
            (a, b)[index % 2].publish("news", "x" * 1000)
        self.await_truth(lambda: first not in [id for id, _ in b.dump("news")], "b does not forget")
        self.await_truth(lambda: a.dump("news") == b.dump("news"), "the nodes have not forgotten the same")
        # What all have forgotten is gone from etcd: a node that starts now reads little.
        late = self.node("late", self.shared, "history.total=64KiB", "history.events=100000")
        self.assertEqual(late.dump("news"), a.dump("news"))
        resumed = self.subscriber(late, "news", last=first, query="")
        self.await_truth(lambda: resumed.gaps, "no gap came")

    def test_a_node_behind_the_trim_starts_over_and_tells_gaps(self):
        settings = ["history.total=1MiB", "history.bytes=1GiB"]
        a, b = self.node("a", self.shared, *settings), self.node("b", self.shared, *settings)
        subscriber = self.subscriber(b, "news")
        a.publish("news", "seen")
        subscriber.await_events(1)
        b.freeze()
        # More than the kernel and etcd keep for a node that does not read.
        for _ in range(6):
            for _ in range(50):
                a.publish("news", "x" * 200_000)
            time.sleep(1.1)  # one node trims the log each second
        b.thaw()
        b.await_line("the node is not ready")
        b.wait()
        self.assertEqual(a.dump("news"), b.dump("news"))
        a.publish("news", "end")
        self.await_truth(lambda: subscriber.events[-1][1] == "end", "the last event has not come")
        self.assertTrue(subscriber.gaps, "it missed events without a word")

    def test_clocks_five_minutes_apart_are_told_and_do_no_harm(self):
        a = self.node("a", self.shared, "history.age=1m")
        b = self.node("b", self.shared, "history.age=1m", wrapper=["faketime", "-f", "+5m"])
        a.publish("news", "one")
        b.publish("news", "two")
        a.publish("news", "three")
        a.await_line("the clocks of two nodes differ")
        self.assertEqual([data for _, data in a.dump("news")], ["one", "two", "three"])


class Failures(ClusterCase):
    """Something is wrong with etcd, or with the configuration."""

    def test_without_a_quorum_publishers_get_503_and_subscribers_stay(self):
        etcd = self.etcd()
        a = self.node("a", etcd, "cluster.timeout=2s")
        subscriber = self.subscriber(a, "news")
        first = a.publish("news", "one")
        subscriber.await_events(1)
        for member in etcd.members[:2]:
            member.kill()
        began = time.monotonic()
        status, fields, body = a.post("news", "two", key="two")
        self.assertEqual((status, fields["Retry-After"]), (503, "1"))
        self.assertRegex(body["detail"], "may still be published|was not published")
        self.assertLess(time.monotonic() - began, 8)
        self.assertEqual(a.get("/healthz"), "ok\n")
        self.await_truth(lambda: "majority" in a.problem(), "the node is still ready")
        # What is in memory can be resumed, and heartbeats go on.
        heartbeats = subscriber.heartbeats
        resumed = self.subscriber(a, "news", last=first.split("-")[0] + "-1", query="")
        resumed.await_events(1)
        self.await_truth(lambda: subscriber.heartbeats > heartbeats, "no heartbeat came")
        for member in etcd.members[:2]:
            member.start(etcd.cluster)
        etcd.wait()
        a.wait(15)
        a.publish("news", "two", key="two")
        self.assertEqual(subscriber.await_events(2), ["one", "two"])
        self.assertEqual(subscriber.drops, [])

    def test_a_full_etcd_is_503_at_once_and_heals_when_there_is_room(self):
        etcd = self.etcd(count=1, options=["--quota-backend-bytes", str(4 << 20)])
        a = self.node("a", etcd, "history.total=1GiB", "history.bytes=1GiB")
        answered = []
        for index in range(100):
            began = time.monotonic()
            status, fields, body = a.post("news", "x" * 200_000)
            if status != 200:
                break
            answered.append(body["id"])
        self.assertEqual((status, fields["Retry-After"]), (503, "1"))
        self.assertIn("etcd is full", body["detail"])
        self.assertIn("It was not published", body["detail"])
        # A publish that only waits for etcd is refused after 10 s.
        self.assertLess(time.monotonic() - began, 8)
        self.assertEqual([id for id, _ in a.dump("news")], answered)
        head = call(etcd.endpoints[0], "/v3/kv/range", {"key": text("x")})["header"]["revision"]
        call(etcd.endpoints[0], "/v3/kv/compaction", {"revision": head, "physical": True})
        call(etcd.endpoints[0], "/v3/maintenance/defragment", {}, timeout=30)
        subprocess.run(["etcdctl", "--endpoints", etcd.endpoints[0], "alarm", "disarm"], env=dict(os.environ, ETCDCTL_API="3"),
                       check=True, stdout=subprocess.DEVNULL)
        self.await_truth(lambda: a.post("news", "again")[0] == 200, "it does not heal")

    def test_a_store_that_was_wiped_begins_a_new_epoch(self):
        etcd = self.etcd()
        a = self.node("a", etcd)
        subscriber = self.subscriber(a, "news")
        subscriber.expects_drop = lambda: True
        for index in range(5):
            old = a.publish("news", f"old {index}")
        subscriber.await_events(5)
        etcd.wipe()
        etcd.start()
        a.await_line("the node is not ready")
        self.await_truth(lambda: a.is_ready(), "it does not get ready")
        new = a.publish("news", "new")
        self.assertNotEqual(new.split("-")[0], old.split("-")[0])
        self.assertEqual(subscriber.await_events(6)[-1], "new")
        self.assertIsNone(json.loads(subscriber.gaps[-1])["lost"])

    def test_a_store_restored_from_a_backup_begins_a_new_epoch(self):
        etcd = self.etcd(count=1)
        a = self.node("a", etcd)
        a.publish("news", "kept")
        snapshot = self.directory / "snapshot"
        control = dict(os.environ, ETCDCTL_API="3")
        subprocess.run(["etcdctl", "--endpoints", etcd.endpoints[0], "snapshot", "save", snapshot], env=control, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        lost = [a.publish("news", f"lost {index}") for index in range(3)]
        a.stop()
        etcd.wipe()
        member = etcd.members[0]
        subprocess.run(["etcdctl", "snapshot", "restore", snapshot, "--name", member.name, "--data-dir", member.directory,
                        "--initial-cluster", etcd.cluster, "--initial-advertise-peer-urls", member.peer,
                        "--initial-cluster-token", "restored"],
                       env=control, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        etcd.start()
        a.start()
        a.wait()
        new = [a.publish("news", f"new {index}") for index in range(3)]
        self.assertFalse(set(new) & set(lost))
        self.assertEqual([data for _, data in a.dump("news")], ["kept", "new 0", "new 1", "new 2"])
        resumed = self.subscriber(a, "news", last=lost[-1], query="")
        self.assertEqual(resumed.await_events(4)[-1], "new 2")
        self.assertIsNone(json.loads(resumed.gaps[0])["lost"])

    def test_a_store_put_back_under_the_same_name_is_noticed_by_the_state_file(self):
        etcd = self.etcd(count=1)
        a = self.node("a", etcd)
        a.publish("news", "kept")
        a.stop()
        etcd.stop()
        shutil.copytree(etcd.members[0].directory, self.directory / "copy")
        etcd.start()
        a.start()
        a.wait()
        lost = [a.publish("news", f"lost {index}") for index in range(8)]
        a.stop()
        etcd.wipe()
        shutil.copytree(self.directory / "copy", etcd.members[0].directory)
        etcd.start()
        a.start()
        a.wait()
        new = [a.publish("news", f"new {index}") for index in range(8)]
        self.assertFalse(set(new) & set(lost))
        a.await_line("the log has another epoch than when this node last saw it")

    def test_a_leader_that_is_killed_costs_publishers_a_few_seconds_and_no_503(self):
        etcd = self.etcd()
        a = self.node("a", etcd)
        a.publish("news", "before")
        for number in (signal.SIGKILL, signal.SIGSTOP):
            leader = etcd.agreed()
            leader.signal(number)
            began = time.monotonic()
            a.publish("news", "after")
            self.assertLess(time.monotonic() - began, 8)
            if number == signal.SIGKILL:
                leader.kill()
                leader.start(etcd.cluster)
            else:
                leader.signal(signal.SIGCONT)

    def test_users_and_passwords(self):
        etcd = self.etcd(count=1)
        control = ["etcdctl", "--endpoints", etcd.endpoints[0]]
        for words in (["user", "add", "root:secret"], ["user", "grant-role", "root", "root"], ["auth", "enable"]):
            subprocess.run(control + words, env=dict(os.environ, ETCDCTL_API="3"), check=True, stdout=subprocess.DEVNULL)
        password = self.directory / "password"
        password.write_text("wrong\n")
        settings = ["cluster.user=root", f"cluster.password-file={password}"]
        wrong = self.node("a", etcd, *settings, wait=False)
        self.assertEqual(wrong.process.wait(20), 1)
        self.assertIn("authentication failed", wrong.tail())
        without = self.node("a", etcd, wait=False)
        self.assertEqual(without.process.wait(20), 1)
        self.assertIn("etcd refuses it", without.tail())
        password.write_text("secret\n")
        right = self.node("a", etcd, *settings)
        right.publish("news", "one")

    def test_certificates(self):
        authority = self.directory / "authority"
        for command in (
            f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout {authority}.key -out {authority}.pem",
            f"req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=node -keyout {self.directory}/node.key -out {self.directory}/node.csr",
        ):
            subprocess.run(["openssl", *command.split()], check=True, stderr=subprocess.DEVNULL)
        (self.directory / "names").write_text("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
        subprocess.run(["openssl", "x509", "-req", "-in", f"{self.directory}/node.csr", "-CA", f"{authority}.pem", "-CAkey",
                        f"{authority}.key", "-CAcreateserial", "-days", "2", "-extfile", f"{self.directory}/names", "-out",
                        f"{self.directory}/node.pem"], check=True, stderr=subprocess.DEVNULL)
        etcd = Etcd(tempfile.mkdtemp(dir=self.directory), count=1, options=[
            "--cert-file", f"{self.directory}/node.pem", "--key-file", f"{self.directory}/node.key", "--client-cert-auth",
            "--trusted-ca-file", f"{authority}.pem"])
        self.addCleanup(etcd.stop)
        for member in etcd.members:
            member.client = member.client.replace("http:", "https:")
            member.start(etcd.cluster)
        without = self.node("a", etcd, f"cluster.ca-file={authority}.pem", wait=False)
        without.await_line("waiting for etcd")
        without.kill()
        a = self.node("a", etcd, f"cluster.ca-file={authority}.pem", f"cluster.certificate-file={self.directory}/node.pem",
                      f"cluster.key-file={self.directory}/node.key")
        a.publish("news", "one")
        self.assertEqual([data for _, data in a.dump("news")], ["one"])

    def test_a_member_of_another_etcd_is_not_used(self):
        etcd, other = self.etcd(count=1), self.etcd(count=1)
        a = self.node("a", etcd)
        a.publish("news", "one")
        a.stop()
        a.command[a.command.index("cluster.endpoints=" + etcd.endpoints[0])] = "cluster.endpoints=" + " ".join(
            [etcd.endpoints[0], other.endpoints[0]])
        a.start()
        a.wait()
        etcd.stop()
        a.await_line("a member is of another etcd")
        etcd.start()
        self.await_truth(lambda: a.post("news", "two")[0] == 200, "it does not come back")
        self.assertEqual([data for _, data in a.dump("news")], ["one", "two"])

    def test_a_start_waits_for_etcd(self):
        etcd = self.etcd(count=1)
        etcd.stop()
        a = self.node("a", etcd, wait=False)
        a.await_line("waiting for etcd")
        etcd.start()
        a.wait()
        a.publish("news", "one")

    def test_a_start_that_waits_for_etcd_can_be_stopped(self):
        etcd = self.etcd(count=1)
        etcd.stop()
        a = self.node("a", etcd, wait=False)
        a.await_line("waiting for etcd")
        a.process.terminate()
        a.process.wait(10)

    def test_what_a_cluster_cannot_have_is_refused(self):
        for settings, problem in (
            (["history.store=sqlite"], "history.store: must be memory in a cluster"),
            (["limits.body=2MiB"], "limits.body: must be 1MiB at most in a cluster"),
            (["server.survive-crash=true"], "server.survive-crash: cannot be used in a cluster"),
            (["cluster.user=a"], "cluster.password-file: a user needs a password"),
            (["cluster.key-file=/a"], "cluster.key-file: a certificate needs its key"),
            (["cluster.prefix=crier"], "cluster.prefix: must begin with a slash"),
            (["cluster.endpoints=localhost:2379"], "is not the address of a member"),
            (["cluster.node=a b"], "cluster.node: must be letters, digits, dots, hyphens and underscores"),
        ):
            command = [BINARY, "config", "check", "--set", "cluster.engine=etcd"]
            for setting in settings:
                command += ["--set", setting]
            checked = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(checked.returncode, 78, checked.stderr)
            self.assertIn(problem, checked.stderr)


class Commands(ClusterCase):
    def test_status_epoch_and_trim(self):
        etcd = self.etcd(count=1)
        a = self.node("a", etcd)
        ids = [a.publish("news", f"event {index}") for index in range(5)]

        def crier(*words):
            options = ["--set", "cluster.engine=etcd", "--set", f"cluster.endpoints={etcd.endpoints[0]}", "--set",
                       f"cluster.prefix={self.prefix}"]
            return subprocess.run([BINARY, "cluster", *words, *options], capture_output=True, text=True, check=True).stdout

        # A node is known a moment after it is ready.
        self.await_truth(lambda: "node a " in crier("status"), "the status does not name the node")
        status = crier("status")
        self.assertIn("leader " + etcd.endpoints[0], status)
        epoch = crier("epoch").strip()
        self.assertEqual(epoch, ids[0].split("-")[0])
        crier("trim", "--below", ids[3])
        self.await_truth(lambda: [data for _, data in a.dump("news")] == ["event 3", "event 4"], "it does not forget")
        for wrong in ("1000000000000", "other-" + ids[3].split("-")[1]):
            with self.assertRaises(subprocess.CalledProcessError):
                crier("trim", "--below", wrong)
        new = crier("epoch", "--new").strip()
        self.assertNotEqual(new, epoch)
        self.await_truth(lambda: a.is_ready() and a.post("news", "x")[2]["id"].startswith(new + "-"), "it stays in the old epoch", 40)


if __name__ == "__main__":
    unittest.main()
