"""A service manager as far as crier needs one: it reads notifications, keeps descriptors, and passes them on."""
import array, fcntl, os, pathlib, shutil, signal, socket, subprocess, tempfile, threading, time


class Manager:
    """Keeps up to `room` descriptors. `start` runs a daemon with those that it has."""

    def __init__(self, binary, room=512):
        self.binary, self.room = binary, room
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="crier-manager-"))
        self.messages = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.messages.bind(str(self.directory / "notify"))
        self.log = (self.directory / "log").open("w+b")
        self.store = []  # (name, descriptor)
        self.changed = threading.Condition()
        self.ready = 0
        self.status = ""
        self.process = None
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                data, control, _, _ = self.messages.recvmsg(8192, socket.CMSG_SPACE(4 * 253))
            except OSError:
                return
            descriptors = array.array("i")
            for level, kind, content in control:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    descriptors.frombytes(content[: len(content) - len(content) % 4])
            fields = dict(line.partition("=")[::2] for line in data.decode().splitlines())
            with self.changed:
                if "FDSTORE" in fields:
                    for descriptor in descriptors:
                        if len(self.store) < self.room:
                            self.store.append((fields["FDNAME"], descriptor))
                        else:
                            os.close(descriptor)
                else:
                    for descriptor in descriptors:  # of a barrier
                        os.close(descriptor)
                if "FDSTOREREMOVE" in fields:
                    for item in [item for item in self.store if item[0] == fields["FDNAME"]]:
                        os.close(item[1])
                        self.store.remove(item)
                self.ready += "READY" in fields
                self.status = fields.get("STATUS", self.status)
                self.changed.notify_all()

    def wait_for(self, condition, what, seconds=30):
        with self.changed:
            assert self.changed.wait_for(condition, seconds), f"not within {seconds} s: {what}\n{self.said()}"

    def said(self):
        return (self.directory / "log").read_text()

    def start(self, *arguments, limit=None, wait=True):
        """Starts a daemon, and waits until it is ready."""
        names, high = [], []
        with self.changed:
            for name, descriptor in self.store:
                names.append(name)
                high.append(fcntl.fcntl(descriptor, fcntl.F_DUPFD, 100))
            before = self.ready

        def prepare():
            for index, descriptor in enumerate(high):
                os.dup2(descriptor, 3 + index)
            if limit:
                import resource
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

        environment = {**os.environ, "NOTIFY_SOCKET": str(self.directory / "notify")}
        if names:
            environment |= {"LISTEN_FDS": str(len(names)), "LISTEN_FDNAMES": ":".join(names)}
        self.process = subprocess.Popen(
            ["sh", "-c", 'LISTEN_PID=$$ exec "$0" "$@"', self.binary, "serve", *arguments], env=environment,
            stderr=self.log, preexec_fn=prepare, pass_fds=range(3, 3 + len(names)))
        for descriptor in high:
            os.close(descriptor)
        if wait:
            self.wait_for(lambda: self.ready > before or self.process.poll() is not None, "the daemon is ready")
            assert self.process.poll() is None, self.said()

    def stop(self):
        """Ends the daemon as a restart would. There is no system bus that could tell crier otherwise."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(30) == 0, self.said()

    def replace(self, name, descriptor):
        """Puts another descriptor in the place of one that it keeps."""
        with self.changed:
            place = next(index for index, item in enumerate(self.store) if item[0] == name)
            os.close(self.store[place][1])
            self.store[place] = (name, descriptor)

    def descriptor(self, name):
        return next((descriptor for known, descriptor in self.store if known == name), None)

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.messages.close()
        self.log.close()
        for _, descriptor in self.store:
            os.close(descriptor)
        shutil.rmtree(self.directory, ignore_errors=True)


def sealed(content, seal=True):
    """A file in memory, as crier leaves one."""
    descriptor = os.memfd_create("crier-state", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(descriptor, content)
    if seal:
        fcntl.fcntl(descriptor, 1033, 0xF)  # F_ADD_SEALS: seal, shrink, grow and write
    return descriptor


def content_of(descriptor):
    return os.pread(descriptor, 1 << 28, 0)


def checksum(content):
    """As `Checksum` in the sources computes it."""
    mask = (1 << 64) - 1
    state = 0x9E3779B97F4A7C15
    for place in range(0, len(content), 8):
        word = content[place:place + 8]
        number = int.from_bytes(word, "little") if len(word) == 8 else int.from_bytes(word, "big")
        state = (state ^ number) * 0xFF51AFD7ED558CCD & mask
        state ^= state >> 32
    return ((state ^ len(content)) * 0xC4CEB9FE1A85EC53 & mask).to_bytes(8, "little")
