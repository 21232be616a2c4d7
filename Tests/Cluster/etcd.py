"""Runs members of etcd on this machine, and tells when the majority answers."""
import base64, json, os, pathlib, shutil, signal, socket, subprocess, time, urllib.request


def free_ports(count):
    """Ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Member:
    def __init__(self, name, directory, host, client, peer, options):
        self.name, self.directory, self.options = name, pathlib.Path(directory), options
        self.client, self.peer = f"http://{host}:{client}", f"http://{host}:{peer}"
        self.process, self.namespace = None, None

    def start(self, cluster, state="new", token="crier"):
        command = [
            "etcd", "--name", self.name, "--data-dir", str(self.directory), "--listen-client-urls", self.client,
            "--advertise-client-urls", self.client, "--listen-peer-urls", self.peer,
            "--initial-advertise-peer-urls", self.peer, "--initial-cluster", cluster,
            "--initial-cluster-state", state, "--initial-cluster-token", token, "--log-level", "error", *self.options]
        if self.namespace:
            command = ["ip", "netns", "exec", self.namespace, *command]
        with open(f"{self.directory}.log", "ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process:
            # A frozen process takes SIGKILL too.
            self.process.kill()
            self.process.wait()
            self.process = None


class Etcd:
    """A cluster of members, each with its data in a directory."""

    def __init__(self, directory, count=3, options=(), hosts=None):
        self.directory = pathlib.Path(directory)
        ports = free_ports(2 * count)
        hosts = hosts or ["127.0.0.1"] * count
        self.members = [
            Member(f"m{index}", self.directory / f"m{index}", hosts[index], ports[2 * index], ports[2 * index + 1], list(options))
            for index in range(count)]
        self.cluster = ",".join(f"{member.name}={member.peer}" for member in self.members)

    @property
    def endpoints(self):
        return [member.client for member in self.members]

    def start(self):
        for member in self.members:
            member.start(self.cluster)
        self.wait()
        return self

    def wait(self, seconds=30):
        """Waits until the majority answers."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for endpoint in self.endpoints:
                try:
                    call(endpoint, "/v3/kv/range", {"key": text("health")}, timeout=1)
                    return
                except OSError:
                    pass
            time.sleep(0.05)
        raise TimeoutError("etcd does not answer")

    def leader(self):
        """The member that leads; None while nobody does."""
        for member in self.members:
            try:
                status = call(member.client, "/v3/maintenance/status", {}, timeout=1)
            except OSError:
                continue
            if status["header"]["member_id"] == status.get("leader"):
                return member
        return None

    def agreed(self, seconds=30):
        """The leader, as soon as all members follow it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                found = [call(member.client, "/v3/maintenance/status", {}, timeout=1) for member in self.members]
            except OSError:
                found = []
            leaders = {(status.get("leader"), status.get("raftTerm")) for status in found}
            if len(leaders) == 1 and None not in (leader := leaders.pop()):
                return next(m for m, status in zip(self.members, found) if status["header"]["member_id"] == leader[0])
            time.sleep(0.05)
        raise TimeoutError("the members of etcd do not agree on a leader")

    def stop(self):
        for member in self.members:
            member.kill()

    def wipe(self):
        """Deletes all data: a new store."""
        self.stop()
        for member in self.members:
            shutil.rmtree(member.directory, ignore_errors=True)


def text(string):
    return base64.b64encode(string.encode()).decode()


def call(endpoint, method, body, timeout=5):
    request = urllib.request.Request(endpoint + method, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.load(answer)
