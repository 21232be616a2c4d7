"""Waits for lines of a file that a program writes."""
import select, subprocess


class Following:
    """The lines of a file, also of one that is still to come."""

    def __init__(self, path):
        self.path, self.text = path, b""
        self.tail = subprocess.Popen(["tail", "--lines=+1", "-F", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def line(self, seconds=20):
        while b"\n" not in self.text:
            if not select.select([self.tail.stdout], [], [], seconds)[0]:
                raise AssertionError(f"nothing more in {self.path} within {seconds} s")
            self.text += self.tail.stdout.read1(65536)
        line, self.text = self.text.split(b"\n", 1)
        return line.decode()

    def until(self, words):
        """Reads up to the next line that has these words."""
        while words not in self.line():
            pass

    def close(self):
        self.tail.kill()
        self.tail.wait()
        self.tail.stdout.close()
