"""Starts a crier and waits for its own word that it is ready, as systemd does (sd_notify)."""
import os, pathlib, select, shutil, socket, subprocess, tempfile, time


class Notifying(subprocess.Popen):
    """A process that has said READY=1. Further arguments are those of Popen.

    - keeps: whether `wait_for` will be called again. Otherwise nobody listens any more: a daemon would wait once the socket
      is full."""

    def __init__(self, command, seconds=60, keeps=False, env=None, **options):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="crier-notify-"))
        path = str(self.directory / "socket")
        self.messages = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.messages.bind(path)
        try:
            super().__init__([str(part) for part in command], env={**(env or os.environ), "NOTIFY_SOCKET": path}, **options)
            try:
                self.wait_for("READY=1", seconds)
            except BaseException:
                self.kill()
                self.wait()
                raise
        except BaseException:
            self.forget()
            raise
        if not keeps:
            self.forget()

    def forget(self):
        """Listens no more."""
        shutil.rmtree(self.directory, ignore_errors=True)
        self.messages.close()

    def wait_for(self, text, seconds=30):
        """The next message that contains a text. Fails when the process ends, or says nothing of the kind in time."""
        deadline = time.monotonic() + seconds
        ended = os.pidfd_open(self.pid)
        poller = select.poll()
        for descriptor in self.messages.fileno(), ended:
            poller.register(descriptor, select.POLLIN)
        try:
            while (left := deadline - time.monotonic()) > 0:
                ready = [descriptor for descriptor, _ in poller.poll(1000 * left)]
                if self.messages.fileno() in ready:
                    message = self.messages.recv(4096).decode()
                    if text in message:
                        return message
                elif ready:
                    raise AssertionError("the daemon has ended")
            raise AssertionError(f"the daemon has not said {text} within {seconds} s")
        finally:
            os.close(ended)

    def newest(self, text):
        """A message that contains a text, and was not yet sent when this was called."""
        try:
            while True:
                self.messages.recv(4096, socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass
        return self.wait_for(text)
