"""The programs of docs/recipes in each language: each publishes, and subscribes without missing an event."""
import socket, threading

from examples import Examples


class Cutting:
    """A server that ends its stream in the middle of an event. It notes the position of each client that asks."""

    ANSWERS = [
        b"200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nretry: 20\nid: 1\ndata: one\n\nid: 2\ndata: tw",
        b"200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nid: 2\ndata: two\n\n",
        b"204 No Content\r\nConnection: close\r\n\r\n",
    ]

    def __init__(self):
        self.positions = []
        self.listener = socket.create_server(("127.0.0.1", 8080))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        for answer in self.ANSWERS:
            client = self.listener.accept()[0]
            with client, client.makefile("rb") as request:
                lines = [line.decode().partition(":") for line in iter(request.readline, b"\r\n")]
                fields = {name.lower(): value.strip() for name, _, value in lines}
                self.positions.append(fields.get("last-event-id", ""))
                client.sendall(b"HTTP/1.1 " + answer)
        self.listener.close()


class Languages(Examples):
    def program(self, language):
        """Saves a program, and returns the command of the page that runs it."""
        self.save(language)
        return self.next("sh").text

    def subscribes(self, publish, subscribe):
        """A subscriber gets each event once and in order, though the daemon is killed. It tells a gap, and ends with its channel."""
        subscriber = self.start(subscribe)
        self.subscribers("news")
        receipt = self.run_command(publish)
        subscriber.wait_for("^hello\n")
        self.cut("missed", "two lines\nof one event")
        subscriber.wait_for("two lines\nof one event\n")
        self.subscribers("news")
        self.publish("after")
        self.assertEqual(subscriber.wait_for("after\n"), "hello\nmissed\ntwo lines\nof one event\nafter\n")
        self.assertEqual(subscriber.printed["errors"], "")

        self.stop_daemon()
        (self.directory / "history.db").unlink()
        self.serve()
        subscriber.wait_for('{"requested":.*"lost":null}\n', "errors")
        self.subscribers("news")
        self.publish("new log")
        subscriber.wait_for("after\nnew log\n$")

        self.request("/channels/news", method="DELETE")
        subscriber.wait_for('{"channel":"news"}\n', "errors")
        self.assertEqual(subscriber.end(), 0)
        return receipt

    def refused(self, subscribe):
        """A subscriber that crier refuses says so, and tries no more."""
        self.stop_daemon()
        (self.directory / "closed.toml").write_text('[access.anonymous]\nsubscribe = ["others"]\npublish = ["**"]\n')
        self.serve("closed.toml")
        self.assertIn(self.start(subscribe).end(), (1, 255))

    def cut_in_the_middle_of_an_event(self, subscribe):
        """A subscriber asks for an event again that it has got in part, and shows no part of it."""
        self.stop_daemon()
        server = Cutting()
        subscriber = self.start(subscribe)
        self.assertEqual(subscriber.wait_for("two\n"), "one\ntwo\n")
        self.assertEqual(subscriber.end(), 0)
        server.thread.join()
        self.assertEqual(server.positions, ["", "1", "2"])

    def page(self, name, language):
        self.open(f"recipes/{name}.md")
        self.serve()
        publish, subscribe = self.program(language), self.program(language)
        receipt = self.subscribes(publish, subscribe)
        self.assertRegex(receipt, r"\w+-\d+")
        self.refused(subscribe)
        self.cut_in_the_middle_of_an_event(subscribe)
        self.finish()

    def test_python(self):
        self.page("python", "python")

    def test_node(self):
        self.page("node", "js")

    def test_go(self):
        self.page("go", "go")

    def test_php(self):
        self.page("php", "php")

    def test_rust(self):
        self.page("rust", "rust")

    def test_shell(self):
        self.open("recipes/shell.md")
        self.serve()
        publish, subscribe = self.next("sh", "crier publish").text, self.next("sh", "crier subscribe --format data").text
        client = self.start(subscribe)
        self.subscribers("news")
        self.run_command(publish)
        self.cut("missed")
        client.wait_for("^hello\nmissed\n$")
        client.stop()
        prices = self.start_next("crier subscribe --format json")
        self.publish("2041.5", "prices/gold")
        prices.wait_for('"data":"2041.5"')
        prices.stop()

        self.request("/channels/news", method="DELETE")
        publish = self.next("sh", "curl --retry").text
        self.publish("seen by nobody")
        subscribe = self.program("sh")
        self.subscribes(publish, subscribe)
        self.refused(subscribe)
        self.cut_in_the_middle_of_an_event(subscribe)

        # curl repeats the request while there is no daemon.
        self.stop_daemon()
        publisher = self.start(publish.replace("curl", "curl --verbose"))
        publisher.wait_for("Will retry|refused", "errors")
        self.serve()
        publisher.wait_for('"channels":\\["news"\\]')
        self.finish()


del Examples
