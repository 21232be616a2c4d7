"""crier top in a terminal of its own, and without one."""
import fcntl, hashlib, json, os, pty, re, select, signal, struct, subprocess, termios, time, unittest

from running import Running
from stream import EventSource


class Screen:
    """A terminal of some size with crier top in it."""

    def __init__(self, port, columns, rows, **variables):
        self.text, self.master, slave = "", *pty.openpty()
        self.slave = slave
        self.resize(columns, rows)
        self.before = termios.tcgetattr(slave)
        self.process = subprocess.Popen([os.environ["BINARY"], "top", "--url", f"127.0.0.1:{port}"], stdin=slave, stdout=slave,
                                        stderr=slave, env={**os.environ, **variables}, preexec_fn=self.control)

    def control(self):
        """Makes the terminal the one whose Ctrl-C the program gets."""
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def resize(self, columns, rows):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def frame(self, condition, seconds=20):
        """The lines of the next whole frame for which a condition holds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if select.select([self.master], [], [], 0.1)[0]:
                self.text += os.read(self.master, 65536).decode()
            *frames, self.text = self.text.split("\033[H")
            for frame in frames:
                lines = [line.rstrip("\r") for line in re.sub(r"\033\[[0-9;?]*[a-zA-Z]", "", frame).split("\n")]
                if condition(lines):
                    return lines
        raise AssertionError(self.text)

    def press(self, key):
        os.write(self.master, key.encode())

    def end(self):
        """The exit status, and what it wrote last."""
        while self.process.poll() is None:
            if select.select([self.master], [], [], 0.1)[0]:
                self.text += os.read(self.master, 65536).decode()
        while select.select([self.master], [], [], 0)[0]:
            self.text += os.read(self.master, 65536).decode()
        return self.process.returncode, self.text

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


class Top(Running, unittest.TestCase):
    def screen(self, columns=100, rows=30, **variables):
        screen = Screen(self.port, columns, rows, **variables)
        self.addCleanup(screen.close)
        return screen

    def top(self, *arguments, status=0):
        done = subprocess.run([os.environ["BINARY"], "top", "--url", f"127.0.0.1:{self.port}", *arguments],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def subscribe(self, count, channel):
        for _ in range(count):
            client = EventSource(self.port, f"/events/{channel}")
            self.addCleanup(client.close)
        self.await_subscribers(count, channel)

    def test_shows_what_the_daemon_does_anew_each_second(self):
        self.subscribe(2, "busy")
        screen = self.screen()
        screen.frame(lambda lines: any(re.match(r"busy +2 +0 ", line) for line in lines))
        for _ in range(7):
            self.publish("x", channel="busy")
        lines = screen.frame(lambda lines: any(re.match(r"busy +2 +7 ", line) for line in lines))
        self.assertIn("3 live, 0 behind", lines[1])

    def test_fits_the_terminal_also_when_it_changes_its_size(self):
        for number in range(60):
            self.publish("x", channel=f"{'channel' * 10}{number}")
        screen = self.screen(100, 30)
        lines = screen.frame(lambda lines: any("channelchannel" in line for line in lines))
        self.assertEqual(len(lines), 30)
        screen.resize(40, 12)
        lines = screen.frame(lambda lines: len(lines) == 12)
        self.assertLessEqual(max(map(len, lines)), 40)

    def test_leaves_the_terminal_as_it_was(self):
        for key in ("q", "\x03"):
            screen = self.screen()
            screen.frame(lambda lines: "q leaves" in lines[-1])
            screen.press("x")
            screen.press(key)
            status, text = screen.end()
            self.assertEqual(status, 0)
            self.assertTrue(text.endswith("\033[?25h\033[?1049l"), repr(text[-60:]))
            self.assertEqual(termios.tcgetattr(screen.slave), screen.before)

    def test_leaves_the_terminal_as_it_was_also_when_the_daemon_hangs_and_when_somebody_ends_it(self):
        for end in (lambda screen: screen.press("\x03"), lambda screen: screen.process.terminate()):
            screen = self.screen()
            screen.frame(lambda lines: "q leaves" in lines[-1])
            self.crier.send_signal(signal.SIGSTOP)
            self.addCleanup(self.crier.send_signal, signal.SIGCONT)
            end(screen)
            _, text = screen.end()
            self.assertTrue(text.endswith("\033[?25h\033[?1049l"), repr(text[-60:]))
            self.assertEqual(termios.tcgetattr(screen.slave), screen.before)
            self.crier.send_signal(signal.SIGCONT)

    def test_lets_no_name_steer_the_terminal(self):
        self.publish("x", channel="%E2%80%AEder")
        screen = self.screen()
        lines = screen.frame(lambda lines: any("der" in line for line in lines[1:]))
        self.assertTrue(any(line.startswith("?der ") for line in lines), lines)

    def test_has_no_colour_where_nobody_wants_any(self):
        screen = self.screen(NO_COLOR="1")
        screen.frame(lambda lines: "q leaves" in lines[-1])
        screen.press("q")
        self.assertNotIn("\033[1m", screen.end()[1])

    def test_prints_an_object_once(self):
        self.subscribe(1, "a")
        self.publish("hello", channel="a")
        report = json.loads(self.top("--once", "--json").stdout)
        self.assertEqual(set(report), {"stats", "rates", "channels", "sessions"})
        self.assertEqual(report["stats"]["published"], 1)
        self.assertEqual(set(report["rates"]), {"published", "delivered", "deliveredBytes"})
        self.assertIn(("a", 1, 1), [(channel["channel"], channel["subscribers"], channel["events"]) for channel in report["channels"]])

    def test_prints_text_once(self):
        self.publish("hello", channel="a")
        text = self.top("--once").stdout
        self.assertNotIn("\033", text)
        self.assertRegex(text, r"(?m)^a +0 +1 ")

    def test_says_what_to_do_without_a_terminal_and_without_a_daemon(self):
        self.assertIn("use --once or --json", self.top(status=64).stderr)
        done = subprocess.run([os.environ["BINARY"], "top", "--once", "--url", "127.0.0.1:1"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("crier: the daemon cannot be reached: 127.0.0.1:1:", done.stderr)


class TopWithAccess(Running, unittest.TestCase):
    def settings(self):
        return f'[[access.token]]\nname = "root"\nsha256 = "{hashlib.sha256(b"root").hexdigest()}"\nadmin = true'

    def test_needs_a_token_that_may_administer(self):
        command = [os.environ["BINARY"], "top", "--once", "--url", f"127.0.0.1:{self.port}"]
        refused = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("401", refused.stderr)
        self.assertEqual(subprocess.run(command + ["--token", "root"], capture_output=True).returncode, 0)


if __name__ == "__main__":
    unittest.main()
