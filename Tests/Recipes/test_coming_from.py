"""Crier's side of each page of docs/coming-from."""
import json

from browsing import Browsing


class ComingFrom(Browsing):
    def open(self, page):
        super().open(f"coming-from/{page}.md", "^With crier$")

    def configure(self):
        """Starts the daemon with the file that the page shows."""
        self.serve(self.save("toml").name)

    def test_nchan(self):
        self.open("nchan")
        self.configure()
        self.subscribe_by_script()
        answers = self.run_next("curl -d hello").split("\n")
        receipt, channel, deleted = (json.loads(answer) for answer in answers if answer)
        self.assertEqual((receipt["channels"], receipt["subscribers"]), (["news"], 1))
        self.assertEqual((channel["events"], channel["last"]), (1, receipt["id"]))
        self.assertEqual(deleted, {"channel": "news", "subscribers": 1})
        self.logs("hello")
        self.shows("events.readyState === EventSource.CLOSED")
        self.finish()

    def test_mercure(self):
        self.open("mercure")
        config = self.save("toml")
        self.run_next("head -c 48")
        self.serve(config.name)
        self.subscribe_by_script()
        receipt = json.loads(self.run_next("curl -H \"Authorization"))
        self.assertEqual(receipt["channels"], ["books/1", "users/42/books/1"])
        self.logs('{"status":"checked out"}')
        self.finish()

    def test_pushpin(self):
        self.open("pushpin")
        self.serve()
        self.subscribe_by_script()
        self.assertEqual(json.loads(self.run_next("curl -H"))["published"], 2)
        self.logs("hello", "goal")
        self.finish()

    def test_centrifugo(self):
        self.open("centrifugo")
        self.configure()
        self.subscribe_by_script()
        publish = self.next("sh", "curl -H 'Idempotency-Key").text
        # The second run repeats the first publish, which counts once.
        self.run_command(publish)
        self.logs("hello", "hello again")
        self.run_command(publish)
        self.logs("hello", "hello again", "hello again")
        self.finish()

    def test_ntfy(self):
        self.open("ntfy")
        self.configure()
        self.subscribe_by_script()
        self.run_next("curl -d")
        self.logs("Backup successful")
        self.start_next("curl -sN 'localhost:8080/events/backups?since=10m'").wait_for("data: Backup successful\n")
        both = self.start_next("curl -sN 'localhost:8080/events?channel=backups&channel=alerts'")
        self.subscribers("alerts")
        client_command = self.left.pop()
        self.assertTrue(client_command.text.startswith("crier subscribe"))
        client = self.start(client_command.text)
        self.subscribers("backups", 4)
        self.run_next("crier publish")
        both.wait_for("data: Backup successful\n")
        client.wait_for('"data":"Backup successful"')
        self.finish()


del Browsing
