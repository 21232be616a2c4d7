"""A real Chromium and a real Firefox, directly and behind each proxy: a page's EventSource gets every event at once, and does
not give up when crier restarts."""
import statistics, time, unittest

import browsers, proxies
from running import AT_ONCE, Running

SOURCE = """(() => {
    window.got = []
    window.times = []
    window.ours = new EventSource('/events/news')
    ours.onmessage = event => { got.push(event.data); times.push(Date.now() / 1000) }
    let errors = 0
    window.refused = new Promise(resolve => { ours.onerror = () => { if (++errors == 2) resolve(true) } })
})()"""
started = {}


def tearDownModule():
    for browser in started.values():
        browser.quit()


class ABrowser(Running):
    def check(self, name):
        browser = started.get(name) or started.setdefault(name, browsers.ALL[name]())
        # Whatever answers there is a page of the same origin.
        browser.open(f"http://127.0.0.1:{self.public}/")
        browser.evaluate(SOURCE)
        self.addCleanup(browser.evaluate, "window.ours?.close()")
        self.await_subscribers(1)
        sent = []
        for number in range(5):
            sent.append(time.time())
            self.publish(f"{number}", port=self.port)
            # The next event is published only when this one is there: nothing may hold it back until then.
            self.wait(browser, number + 1)
        # The page reads the clock. The median, since browsers of a busy machine pause now and then.
        delays = [arrived - begun for arrived, begun in zip(browser.evaluate("times"), sent)]
        self.assertLess(statistics.median(delays), AT_ONCE, delays)
        self.stop(self.crier)
        # The browser loses the stream, and then meets the proxy without crier.
        if self.proxy in proxies.HOLDING:
            time.sleep(1.5)  # the page learns nothing of a request that the proxy holds
        else:
            self.assertTrue(browser.wait_for("refused"))
        self.start_crier()
        self.publish("after", port=self.port)
        self.wait(browser, 6)
        self.assertEqual(browser.evaluate("got"), ["0", "1", "2", "3", "4", "after"])

    def wait(self, browser, count):
        deadline = time.monotonic() + 30
        while browser.evaluate("got.length") < count:
            state = browser.evaluate("[ours.readyState, got]")
            self.assertNotEqual(state[0], 2, f"the browser has given up: {state}")
            self.assertLess(time.monotonic(), deadline, f"{state}")


def cases():
    """A test case for each proxy and one without, with a test for each browser."""
    tests = {f"test_{name}": lambda case, name=name: case.check(name) for name in browsers.ALL}
    for proxy in [None, *proxies.ALL]:
        name = f"Behind{proxy.__name__.capitalize()}" if proxy else "Direct"
        yield name, type(name, (ABrowser, unittest.TestCase), {**tests, "proxy": staticmethod(proxy) if proxy else None})


globals().update(cases())
