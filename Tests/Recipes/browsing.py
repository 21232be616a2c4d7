"""Examples that run in a real Chromium: one for all tests of a class."""
from browsers import Chromium
from examples import URL, Examples

# A promise that is kept once an expression is true.
ONCE = """new Promise(resolve => {
    const look = () => %s ? resolve(true) : setTimeout(look, 10)
    look()
})"""


class Browsing(Examples):
    @classmethod
    def setUpClass(cls):
        cls.browser = Chromium()
        cls.addClassCleanup(cls.browser.quit)

    def visit(self, url):
        self.browser.open(url)
        self.addCleanup(self.browser.open, "about:blank")

    def shows(self, condition):
        self.assertTrue(self.browser.wait_for(ONCE % condition))

    def subscribe_by_script(self, variable="events"):
        """Runs the next script in a page of the daemon's own origin, and waits until its stream is open."""
        script = self.next("js").text
        self.visit(f"{URL}/healthz")
        self.browser.driver.execute_script(
            f"window.logged = []; console.log = text => logged.push(text); {script}; window.events = {variable}")
        self.shows("events.readyState === EventSource.OPEN")

    def logs(self, *lines):
        """The script has logged these lines, and no others."""
        self.shows(f"logged.length >= {len(lines)}")
        self.assertEqual(self.browser.evaluate("logged"), list(lines))
