"""Real browsers: what a test needs of them is to open a page and to run a script in it."""
import contextlib, itertools, json, os, pathlib, re, shutil, signal, subprocess, tempfile, time


class Chromium:
    def __init__(self):
        from selenium import webdriver
        options = webdriver.ChromeOptions()
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        options.binary_location = "/usr/bin/chromium"
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))

    def open(self, url):
        self.driver.get(url)

    def evaluate(self, expression):
        return self.driver.execute_script(f"return {expression}")

    def wait_for(self, promise):
        """The value of a promise, once it has one."""
        self.driver.set_script_timeout(30)
        return self.driver.execute_async_script(f"const [done] = arguments; ({promise}).then(done)")

    def quit(self):
        self.driver.quit()


class Firefox:
    """Firefox over WebDriver BiDi, the protocol that it speaks by itself."""

    def __init__(self):
        from websockets.sync.client import connect
        self.profile = tempfile.mkdtemp(prefix="crier-firefox-")
        self.log = pathlib.Path(self.profile, "log")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["firefox-esr", "--headless", "--no-remote", "--profile", self.profile, "--remote-debugging-port", "0"],
                stdout=log, stderr=log, start_new_session=True, env={**os.environ, "HOME": self.profile})
        self.numbers = itertools.count(1)
        deadline = time.monotonic() + 60
        while not (found := re.search(r"WebDriver BiDi listening on (ws://\S+)", self.log.read_text(errors="replace"))):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(f"Firefox does not start: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        self.closing = contextlib.ExitStack()
        self.socket = self.closing.enter_context(connect(found.group(1) + "/session", max_size=None))
        self.command("session.new", capabilities={})
        self.context = self.command("browsingContext.getTree")["contexts"][0]["context"]

    def command(self, method, **parameters):
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv(timeout=60))
            if answer.get("id") == number:
                if answer["type"] == "error":
                    raise AssertionError(f"{method}: {answer['message']}")
                return answer["result"]

    def open(self, url):
        self.command("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def evaluate(self, expression):
        return self.result(f"JSON.stringify({expression}) ?? 'null'", awaitPromise=False)

    def wait_for(self, promise):
        """The value of a promise, once it has one."""
        return self.result(f"({promise}).then(value => JSON.stringify(value))", awaitPromise=True)

    def result(self, expression, **options):
        answer = self.command("script.evaluate", expression=expression, target={"context": self.context}, **options)
        if answer["type"] != "success":
            raise AssertionError(answer)
        return json.loads(answer["result"]["value"])

    def quit(self):
        self.closing.close()
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


ALL = {"chromium": Chromium, "firefox": Firefox}
