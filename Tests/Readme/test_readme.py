"""Runs the shell examples of the README in its order, and compares what they print with what it says."""
import json, os, pathlib, re, signal, subprocess, sys, tempfile, time, unittest, urllib.request

from notifying import Notifying

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
URL = "http://localhost:8080"
# Examples that other tests run, or that no test can run.
ELSEWHERE = {
    "make run": "it would build and start what this test has built and started",
    "make test": "this is a part of it",
    "const events": "Tests/Browser runs such a page",
}


def examples():
    """The examples: lines that are indented, without comments, without the drawings and the output."""
    text = README.split("## How it works")[0]
    return [line[4:].split("  # ")[0].rstrip() for line in text.splitlines()
            if re.match(r"    (curl|printf|make|crier|journalctl|const) ?", line)]


class Running:
    """A command in the background, and what it has printed so far."""

    def __init__(self, command, environment):
        self.output = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command, shell=True, stdout=self.output, stderr=subprocess.DEVNULL, env=environment, start_new_session=True)

    def wait_for(self, pattern):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            self.output.seek(0)
            text = self.output.read().decode()
            if re.search(pattern, text):
                return text
            time.sleep(0.02)
        raise AssertionError(f"it never printed {pattern!r}, but: {text}")

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(10)
        self.output.close()


class Examples(unittest.TestCase):
    def setUp(self):
        self.left = examples()
        self.scratch = tempfile.TemporaryDirectory()
        # A journal that prints two lines and goes on, and another server's stream.
        journal = pathlib.Path(self.scratch.name, "journalctl")
        journal.write_text("#!/bin/sh\necho first\necho second\nexec sleep 60\n")
        journal.chmod(0o755)
        path = f"{self.scratch.name}:{pathlib.Path(os.environ['BINARY']).parent}:{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path}
        self.daemon = Notifying(
            [os.environ["BINARY"], "serve"], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.running = []

    def tearDown(self):
        for running in self.running:
            running.stop()
        self.daemon.terminate()
        self.daemon.wait(20)
        self.scratch.cleanup()

    def next(self, beginning):
        """The next example, which must begin so: an example without a line here is one that nobody checks."""
        self.assertTrue(self.left, f"the README has no example {beginning!r} any more")
        example = self.left.pop(0)
        self.assertTrue(example.startswith(beginning), f"{example!r} is the next example, not {beginning!r}")
        return example

    def start(self, beginning, change=lambda command: command):
        running = Running(change(self.next(beginning)), self.environment)
        self.running.append(running)
        return running

    def run_example(self, beginning, change=lambda command: command):
        command = change(self.next(beginning))
        done = subprocess.run(
            ["bash", "-c", command], env=self.environment, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def receipt(self, beginning):
        return json.loads(self.run_example(beginning))

    def skip(self, beginning):
        self.next(beginning)
        print(f"not run here: {beginning} ({ELSEWHERE[beginning]})")

    def subscribers(self, channel, count):
        deadline = time.monotonic() + 20
        while True:
            try:
                if json.load(urllib.request.urlopen(f"{URL}/channels/{channel}"))["subscribers"] >= count:
                    return
            except OSError:
                pass
            self.assertLess(time.monotonic(), deadline, f"{channel} never had {count} subscribers")
            time.sleep(0.02)

    def test_print_what_it_says(self):
        self.skip("make run")
        self.skip("make test")

        news = self.start("curl -N localhost:8080/events/news")
        self.subscribers("news", 1)
        first = self.receipt("curl -d 'hello' localhost:8080/events/news")
        self.assertEqual((first["channels"], first["subscribers"]), (["news"], 1))
        # The block of the README, with numbers and ids of this run.
        printed = re.search(r"The subscriber prints\n\n((?:    .*\n)+)", README).group(1)
        printed = "".join(line[4:] + "\n" for line in printed.splitlines())
        pattern = re.escape(printed).replace("3412", r"\d+").replace(re.escape("k3f9x2ab-7"), first["id"])
        news.wait_for("^" + pattern)
        self.assertEqual(set(first), set(json.loads(re.search(r"receipt, `(\{.*?\})`", README).group(1))))

        self.skip("const events")

        headline = self.receipt("printf 'first line")
        news.wait_for(f"id: {headline['id']}\nevent: headline\ndata: first line\ndata: second line\n\n")
        both = self.start("curl -N 'localhost:8080/events?channel=news&channel=prices/gold'")
        self.subscribers("prices/gold", 1)
        to_both = self.receipt("curl -d 'to both'")
        self.assertEqual(to_both["channels"], ["news", "prices/gold"])
        both.wait_for(f"id: {to_both['id']}\ndata: to both\n\n")
        self.start("curl -N 'localhost:8080/events/prices/**?since=10m'").wait_for(f"id: {to_both['id']}\ndata: to both")
        enveloped = self.start("curl -N 'localhost:8080/events/prices/**?envelope=1'")
        enveloped.wait_for("retry: ")
        urllib.request.urlopen(f"{URL}/events/prices/silver", b"31").read()
        enveloped.wait_for('data: {"channel":"prices/silver",')
        self.assertEqual(self.receipt("curl -H 'Content-Type: application/json'")["published"], 2)
        news.wait_for('data: one\n\n.*\ndata: {"n":2}\n')
        self.assertEqual(self.receipt("printf '{\"data\":\"a\"}")["published"], 2)
        news.wait_for("data: a\n\n.*\ndata: b\n")

        example = self.left[0]
        paid = self.receipt("curl -H 'Idempotency-Key: order-4711'")
        self.left.insert(0, example)
        self.assertEqual(self.receipt("curl -H 'Idempotency-Key: order-4711'"), paid)
        resumed = self.start("curl -N -H 'Last-Event-ID:", lambda command: command.replace("k3f9x2ab-7", first["id"]))
        resumed.wait_for(f"id: {headline['id']}\n")
        names = [channel["channel"] for channel in self.receipt("curl localhost:8080/channels")["channels"]]
        self.assertEqual(names, ["news", "orders", "prices/gold", "prices/silver"])
        self.assertEqual(self.receipt("curl -X DELETE"), {"channel": "orders", "subscribers": 0})

        client = self.start("crier subscribe --format data news")
        self.subscribers("news", 4)
        urllib.request.urlopen(f"{URL}/events/news", b"to the client").read()
        client.wait_for("to the client\n")
        self.start("journalctl --follow --output cat | crier publish --lines log")
        log = Running("curl -sN 'localhost:8080/events/log?replay=all'", self.environment)
        self.running.append(log)
        log.wait_for("data: first\n\n.*\ndata: second\n")
        self.run_example(
            "curl -sN https://stream.example/events | crier publish --format sse mirror",
            lambda command: command.replace("-sN https://stream.example/events", f"-sN -m 1 '{URL}/events/news?replay=all'"))
        mirrored = Running("curl -sN 'localhost:8080/events/mirror?replay=all'", self.environment)
        self.running.append(mirrored)
        mirrored.wait_for("data: to the client\n")
        self.assertIn("CHANNEL", self.run_example("crier top --once"))
        # The whole wait would be for a heartbeat.
        self.assertIn("An event has taken", self.run_example("crier doctor", lambda command: command + " --wait 2"))
        report = self.run_example("crier bench --subscribers 500", lambda command: command + " --duration 1")
        self.assertIn("500", report)
        self.assertEqual(self.left, [], "examples that this test does not run")


if __name__ == "__main__":
    unittest.main(verbosity=2)
