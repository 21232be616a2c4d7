"""The client's address arrives behind each proxy, in a field or by the PROXY protocol, and a client cannot choose it."""
import pathlib, re, socket, unittest

import proxies
from running import Running
from stream import read_head


def changed(proxy, change):
    """A proxy with lines of docs/proxies.md that its main configuration does not have."""
    def start(directory, port, public):
        command = proxy(directory, port, public)
        for path in pathlib.Path(directory).iterdir():
            if path.suffix in (".conf", ".cfg", ".vcl"):
                path.write_text(change(path.read_text()))
        return command
    return start


def before(marker, line):
    def change(text):
        assert marker in text and line.split()[0] in proxies.DOCUMENT.read_text(), marker
        return text.replace(marker, f"{line}\n{marker}")
    return change


def publish(port, source, forwarded=None):
    """The status of a publish by a client with an address of its own: all of 127.0.0.0/8 are this machine."""
    with socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(source, 0)) as connection:
        field = f"X-Forwarded-For: {forwarded}\r\n" if forwarded else ""
        connection.sendall(f"POST /events/news HTTP/1.1\r\nHost: events.example\r\nConnection: close\r\n{field}"
                           "Content-Length: 1\r\n\r\nx".encode())
        return read_head(connection.makefile("rb", buffering=0))[0]


class ClientAddress(Running):
    def settings(self):
        return """
            [limits]
            publish-rate = "1/h"
            [access]
            trusted-proxies = ["127.0.0.1"]
            """

    def test_arrives_and_cannot_be_chosen(self):
        self.assertEqual(publish(self.public, "127.0.0.2"), 200)
        for forged in None, "192.0.2.1", "192.0.2.2, 127.0.0.1", "127.0.0.3":
            self.assertEqual(publish(self.public, "127.0.0.2", forged), 429, forged)
        self.assertEqual(publish(self.public, "127.0.0.3", "127.0.0.2"), 200)


class ByPROXYProtocol(ClientAddress):
    def listener(self):
        return "proxy-protocol = true"

    def settings(self):
        return super().settings().replace("trusted-proxies", "#")


FIELDS = {
    "nginx": changed(proxies.nginx, before("proxy_read_timeout", "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;")),
    "caddy": proxies.caddy,
    "haproxy": changed(proxies.haproxy, before("server crier", "option forwardfor")),
    "apache": proxies.apache,
    "varnish": proxies.varnish,
}
HEADERS = {
    "haproxy": changed(proxies.haproxy, lambda text: re.sub(r"(server crier \S+)", r"\1 send-proxy-v2", text)),
    "haproxy version 1": changed(proxies.haproxy, lambda text: re.sub(r"(server crier \S+)", r"\1 send-proxy", text)),
    "varnish": changed(proxies.varnish, before(".first_byte_timeout", ".proxy_header = 2;")),
}


def load_tests(loader, *_):
    cases = [(ClientAddress, name, proxy) for name, proxy in FIELDS.items()]
    cases += [(ByPROXYProtocol, name, proxy) for name, proxy in HEADERS.items()]
    suite = unittest.TestSuite()
    for base, name, proxy in cases:
        kind = type(f"{base.__name__} behind {name}", (base, unittest.TestCase), {"proxy": staticmethod(proxy)})
        suite.addTests(loader.loadTestsFromTestCase(kind))
    return suite
