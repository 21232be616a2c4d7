"""schemathesis sends what docs/openapi.yaml describes, and much that it does not: no answer is a server error, and each is
described."""
import pathlib, socket, subprocess, sys, threading, unittest

from running import Running
from stream import read_head

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs/openapi.yaml"


class Shortening:
    """Passes on requests, and ends each event stream after its first bytes: otherwise no answer to a subscription ends."""

    def __init__(self, port):
        self.port = port
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.public = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            with client, socket.create_connection(("127.0.0.1", self.port)) as crier:
                threading.Thread(target=self.copy, args=(client, crier), daemon=True).start()
                answer = b""
                while piece := crier.recv(65536):
                    # The connection may carry several answers, one after the other.
                    answer = piece if piece.startswith(b"HTTP/1.1 ") else answer + piece
                    head, end, body = answer.partition(b"\r\n\r\n")
                    if b"Content-Type: text/event-stream" in head and end:
                        if body and not body.endswith(b"0\r\n\r\n"):
                            piece += b"0\r\n\r\n"
                        client.sendall(piece)
                        if body:
                            return
                    else:
                        client.sendall(piece)
        except OSError:
            pass

    @staticmethod
    def copy(source, target):
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class OpenAPI(Running, unittest.TestCase):
    def settings(self):
        return """
            [limits]
            channels = 200
            """

    def test_describes_every_answer(self):
        shortening = Shortening(self.port)
        self.addCleanup(shortening.listener.close)
        run = subprocess.run(
            [pathlib.Path(sys.executable).with_name("schemathesis"), "run", DOCUMENT, "--url", f"http://127.0.0.1:{shortening.public}",
             "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
             "response_headers_conformance", "--phases", "examples,coverage,fuzzing", "--max-examples", "40", "--seed", "1", "--no-color"],
            cwd=self.directory, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stdout[:12000] + run.stderr[-2000:])
        self.assertIsNone(self.crier.poll(), "crier has ended")


if __name__ == "__main__":
    unittest.main()
