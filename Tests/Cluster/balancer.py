"""HAProxy in front of nodes, as docs/cluster.md has it."""
import pathlib, subprocess, time, urllib.request

from etcd import free_ports

SETTINGS = """
global
    maxconn 4096
defaults
    mode http
    timeout connect 2s
    timeout client 1h
    timeout server 1h
    retries 5
    # A request that reaches no node goes to another one.
    retry-on conn-failure empty-response response-timeout 503
    option redispatch 1
frontend events
    bind 127.0.0.1:{port}
    default_backend nodes
backend nodes
    balance leastconn
    option httpchk
    http-check send meth GET uri /readyz hdr Host localhost
    default-server check inter 1s fall 2 rise 1
{servers}
"""


class Balancer:
    def __init__(self, directory, nodes, port=None):
        self.port = port or free_ports(1)[0]
        servers = "".join(f"    server {node.name} 127.0.0.1:{node.port}\n" for node in nodes)
        self.file = pathlib.Path(directory) / "haproxy.cfg"
        self.file.write_text(SETTINGS.format(port=self.port, servers=servers))
        self.process = None

    def start(self):
        self.process = subprocess.Popen(["haproxy", "-f", str(self.file), "-db"])
        for _ in range(400):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1).close()
                return self
            except OSError:
                time.sleep(0.05)
        raise TimeoutError("HAProxy does not answer")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
