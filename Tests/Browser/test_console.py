"""The console, the page at `/`: a real Chromium on one side, the real daemon on the other."""

import hashlib
import http.client
import http.server
import importlib.util
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import unittest

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import test_browser
from crier_process import eventually
from lifelike import Lifelike
from test_browser import BrowserTest, setUpModule  # unittest calls setUpModule by its name

DESKTOP = 1440, 900
PHONE = 390, 844
FILES = pathlib.Path(__file__).parents[2] / "Sources/Serving/Console"
VIEWS = "", "#/channels", "#/channels/news", "#/sessions", "#/live", "#/publish", "#/configuration"


def run(script, *arguments):
    return test_browser.driver.execute_script(script, *arguments)


class ConsoleTest(BrowserTest):
    """Each test ends with a check that the browser logged nothing: no error, and no breach of the content policy."""

    size = DESKTOP
    settings = {}
    expected = r"(?!)"
    """What a test that refuses something finds in the browser's log."""

    def setUp(self):
        super().setUp()
        self.driver = test_browser.driver
        self.driver.get_log("browser")
        self.resize(*self.size)
        self.addCleanup(self.driver.execute_cdp_cmd, "Emulation.clearDeviceMetricsOverride", {})
        self.crier = self.start(**{"server.log-level": "info"} | self.settings)
        self.address = f"http://127.0.0.1:{self.crier.port}/"

    def tearDown(self):
        log = [entry["message"] for entry in self.driver.get_log("browser")]
        self.assertEqual([line for line in log if not re.search(self.expected, line)], [])

    def resize(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def open(self, route="", title=None):
        """Loads the page, also when only the part behind the # differs."""
        self.driver.get("about:blank")
        self.driver.get(self.address + route)
        self.wait_for_title(title)

    def wait_for_title(self, title=None):
        eventually(lambda: self.texts("h1") and title in (None, self.texts("h1")[0]), f"the view {title!r} is there")

    def texts(self, selector):
        """The texts of all elements of a selector that are shown."""
        return run("""return [...document.querySelectorAll(arguments[0])]
            .filter(element => element.checkVisibility()).map(element => element.innerText.trim())""", selector)

    def wait_for(self, selector, text):
        """Waits until an element's text contains this one; returns the text."""
        return eventually(lambda: next((each for each in self.texts(selector) if text in each), None), f"{selector} says {text!r}")

    def find(self, selector, text=""):
        return eventually(lambda: next((
            element for element in self.driver.find_elements(By.CSS_SELECTOR, selector)
            if element.is_displayed() and text in element.text), None), f"there is {selector} with {text!r}")

    def click(self, selector, text=""):
        element = self.find(selector, text)
        run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def fill(self, label, text):
        field = eventually(lambda: run("""return [...document.querySelectorAll('input, textarea, select')].find(field =>
            (field.labels[0]?.innerText ?? field.ariaLabel) === arguments[0]) ?? null""", label), f"there is a field {label!r}")
        # Keys would not come through as they are: Chromium's driver refuses some characters.
        run("""arguments[0].value = arguments[1]
            arguments[0].dispatchEvent(new Event(
                arguments[0].tagName === 'SELECT' ? 'change' : 'input', {bubbles: true}))""", field, text)
        return field

    def copied(self, selector, text="Copy as curl"):
        """What a button copies."""
        run("window.copied = null; navigator.clipboard.writeText = async text => { window.copied = text }")
        self.click(selector, text)
        return eventually(lambda: run("return window.copied"), "the button has copied something")

    def rows(self):
        """The channel, the type and the data of the events that a live view shows, the newest first."""
        return run("""return [...document.querySelectorAll('.feed li')].map(row => ['.channel', '.type', '.data'].map(
            part => row.querySelector(part)?.textContent ?? ''))""")

    def wait_for_rows(self, count):
        eventually(lambda: len(self.rows()) >= count, f"{count} events are shown")
        return self.rows()

    def wait_for_subscribers(self, channel, count=1):
        eventually(lambda: self.crier.request("GET", f"/channels/{channel}")[1].get("subscribers") == count, f"{count} subscribe")


class Views:
    """What every view does, on a desktop and on a phone."""

    def test_the_overview_moves_and_says_how_the_daemon_is(self):
        self.crier.publish("/events/news", "keeps the first run away")
        self.open("", "Overview")
        self.wait_for(".card", "Ready")
        self.wait_for(".log", "ready")
        self.wait_for(".facts", "0.1.0")
        path = "return document.querySelector('.chart .line')?.getAttribute('d')"
        first = eventually(lambda: run(path), "the chart has a line")
        eventually(lambda: run(path) != first, "the line moves")
        stream = self.crier.stream("/events/news")
        self.addCleanup(stream.close)
        eventually(lambda: self.texts(".figure")[2] == "2", "the tile counts the new subscriber and the console")

    def test_the_search_finds_one_of_ten_thousand_channels(self):
        lines = "".join(f'{{"channel":"room/{number:05}","data":"x"}}\n' for number in range(10_000))
        connection = http.client.HTTPConnection("127.0.0.1", self.crier.port)
        connection.request("POST", "/events", lines, {"Content-Type": "application/x-ndjson"})
        self.assertEqual(connection.getresponse().status, 200)
        self.open("#/channels", "Channels")
        self.wait_for(".hint", "10,000 channels")
        self.assertEqual(len(self.texts("tbody tr")), 50)
        self.fill("Search channels by name", "room/07531")
        self.wait_for(".hint", "1 of 10,000")
        self.assertIn("search=room", self.driver.current_url)
        self.click("tbody a", "room/07531")
        self.wait_for_title("room/07531")

    def test_a_channel_shows_its_subscribers_and_its_events_and_can_be_deleted(self):
        stream = self.crier.stream("/events/news/eu")
        self.crier.publish("/events/news/eu", "retained")
        self.open("#/channels/news%2Feu", "news/eu")
        self.assertEqual(self.wait_for_rows(1)[0][2], "retained")
        self.wait_for(".sessions", "127.0.0.1")
        self.fill("Data", "from the form")
        self.click(".publishform .primary")
        self.wait_for(".receipt", "2 subscribers")
        self.assertEqual(self.wait_for_rows(2)[0][2], "from the form")
        self.click(".danger", "Delete")
        self.click("dialog button", "Cancel")
        self.assertEqual(self.crier.request("GET", "/channels/news/eu")[1]["events"], 2)
        self.click(".danger", "Delete")
        self.click("dialog .danger")
        self.wait_for_title("Channels")
        self.assertIn(b"event: crier.end", stream.read())

    def test_a_session_ends_for_good(self):
        stream = self.crier.stream("/events/news")
        self.open("#/sessions", "Sessions")
        self.fill("Channel or pattern", "news")
        self.wait_for(".hint", "1 session")
        self.click("tbody .danger")
        self.click("dialog .danger")
        self.assertIn(b'event: crier.end\ndata: {"session":', stream.read())
        self.wait_for(".empty", "No session")
        again = self.crier.stream("/events/news")
        self.assertEqual(again.status, 204)

    def test_a_session_gets_a_push(self):
        stream = self.crier.stream("/events/news")
        self.open("#/sessions?channel=news", "Sessions")
        self.click("tbody th a")
        self.wait_for(".facts div", "Round-trip time")
        self.fill("Event name", "notice")
        self.fill("Data", "for you alone")
        self.click(".publishform .primary")
        self.wait_for(".receipt", "Pushed")
        lines = iter(stream.readline, b"")
        self.assertIn(b"event: notice\n", lines)
        self.assertEqual(next(lines), b"data: for you alone\n")

    def test_a_live_view_filters_and_pauses(self):
        self.open("#/live?channel=news/**", "Live")
        self.wait_for(".state", "Subscribed to news/**")
        for number in range(3):
            self.crier.publish("/events/news/eu", f"event {number}", event="headline")
        self.assertEqual(self.wait_for_rows(3)[0], ["news/eu", "headline", "headline event 2"])
        self.fill("Filter by text", "EVENT 1")
        eventually(lambda: len(self.rows()) == 1, "one event matches")
        self.fill("Filter by text", "")
        self.click("button", "Pause")
        self.crier.publish("/events/news/eu", "while paused")
        self.wait_for("button", "Continue (1 wait)")
        self.assertEqual(len(self.rows()), 3)
        self.click("button", "Continue")
        self.assertEqual(self.wait_for_rows(4)[0][2], "while paused")

    def test_a_publish_shows_its_receipt_and_arrives(self):
        self.open("#/publish", "Publish")
        self.fill("Channel", "a/../b c")
        self.fill("Event name", "tick")
        self.fill("Data", "two\nlines")
        stream = self.crier.stream("/events?channel=a/../b%20c")
        self.click(".publishform .primary")
        self.wait_for(".receipt", "to a/../b c, 1 subscriber")
        self.assertIn(b"event: tick\n", iter(stream.readline, b""))
        self.wait_for(".history", "two")
        self.driver.refresh()
        self.wait_for(".history", "two")
        self.click("button", "Clear")
        self.wait_for(".empty", "Nothing yet")

    def test_the_configuration_can_be_searched(self):
        self.open("#/configuration", "Configuration")
        self.wait_for(".settings", "heartbeat")
        self.fill("Search keys and values", "history.age")
        self.wait_for(".hint", "1 setting found")
        self.assertEqual(self.texts(".toml dt"), ["age"])
        self.assertIn('heartbeat = "15s"', self.copied("button", "Copy all"))

    def test_no_view_is_wider_than_the_screen(self):
        self.crier.publish("/events/news", "x" * 3000)
        for view in VIEWS:
            for width in self.size[0], 360 if self.size == PHONE else 1024:
                with self.subTest(view=view, width=width):
                    self.resize(width, self.size[1])
                    self.open(view)
                    if "live" in view or "news" in view:
                        self.wait_for(".state", "Subscribed")
                    self.assertLessEqual(run("return document.documentElement.scrollWidth"), width)

    def test_axe_finds_nothing_serious(self):
        axe = pathlib.Path(importlib.util.find_spec("selenium_axe_python").origin).parent / "axe-core/axe.min.js"
        self.addCleanup(self.driver.execute_cdp_cmd, "Emulation.setEmulatedMedia", {"features": []})
        self.crier.publish("/events/news", '{"degrees":21}', event="tick")
        self.addCleanup(self.crier.stream("/events/news").close)
        for scheme in "light", "dark":
            features = [("prefers-color-scheme", scheme), ("prefers-reduced-motion", "reduce")]
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
                "features": [{"name": name, "value": value} for name, value in features]})
            for view in *VIEWS, "#/live?channel=news&replay=all", "#/signin":
                with self.subTest(view=view, scheme=scheme):
                    self.open(view)
                    if "sessions" in view or "news" in view:
                        self.find("tbody tr, .feed li")
                    if "replay" in view:
                        self.click("summary")
                    run(axe.read_text())
                    found = self.driver.execute_async_script("""const done = arguments[0]
                        axe.run(document, {resultTypes: ['violations']}).then(({violations}) => done(violations
                            .filter(({impact}) => impact === 'serious' || impact === 'critical')
                            .map(({id, nodes}) => [id, nodes.map(({html, any}) => [html.slice(0, 200), any[0]?.message])])))""")
                    self.assertEqual(found, [])


class OnADesktop(Views, ConsoleTest):
    size = DESKTOP


class OnAPhone(Views, ConsoleTest):
    size = PHONE


class TheFirstRun(ConsoleTest):
    def test_teaches_to_subscribe_and_to_publish(self):
        self.open("", "Publish your first event")
        self.click("button", "Subscribe to")
        self.wait_for(".done", "Subscribed")
        command = self.copied(".snippet button", "Copy")
        subprocess.run(["sh", "-c", command], check=True, capture_output=True)
        self.wait_for(".done", "Your first event has arrived.")
        self.assertEqual(self.rows()[0][2], "Hello from the terminal")
        self.click("button", "Go to the overview")
        self.wait_for_title("Overview")

    def test_publishes_from_the_form(self):
        self.open("", "Publish your first event")
        self.click("button", "Subscribe to")
        self.wait_for(".done", "Subscribed")
        self.click(".publishform .primary")
        self.assertEqual(self.wait_for_rows(1)[0][2], "Hello, world")

    def test_is_over_once_there_is_a_channel(self):
        self.crier.publish("/events/news", "hello")
        self.open("", "Overview")


class ALiveView(ConsoleTest):
    settings = {"history.events": 20_000}  # so that the page may read a burst as slowly as it needs

    def test_is_what_an_address_of_the_former_page_opens(self):
        self.open("?channel=a&channel=b%2F**", "Live")
        self.wait_for(".state", "Subscribed to a, b/**")
        self.assertTrue(self.driver.current_url.endswith("/#/live?channel=a&channel=b%2F**"), self.driver.current_url)

    def test_remembers_in_its_address_what_you_add(self):
        self.open("#/live?channel=a", "Live")
        self.find(".subscribe input").send_keys("b, c/*" + Keys.ENTER)
        self.wait_for(".state", "Subscribed to a, b, c/*")
        self.driver.refresh()
        self.wait_for(".state", "Subscribed to a, b, c/*")
        self.click("[aria-label='Remove b']")
        self.wait_for(".state", "Subscribed to a, c/*")

    def test_says_in_words_why_a_subscription_is_refused(self):
        self.expected = "400"
        self.open("#/live?channel=a**")
        self.wait_for(".problem", "An asterisk stands for a whole segment")

    def test_copies_a_subscription_as_a_command(self):
        self.open("#/live?channel=it's&channel=b/**&replay=all")
        command = self.copied(".subscribe button")
        self.crier.publish("/events/it's", "quoted")
        with subprocess.Popen(["sh", "-c", "exec " + command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as curl:
            self.assertIn(b"data: quoted\n", iter(curl.stdout.readline, b""))
            curl.kill()

    def test_copies_an_event_as_a_command_that_publishes_it(self):
        self.open("#/live?channel=copied", "Live")
        self.wait_for(".state", "Subscribed")
        for data in ("plain", "it's \"quoted\" $HOME `id` \\n !!", "two\n\nlines\n", "@file",
                     "tab\tand \0\x01\x1b[31m\\ cr\r", "Grüße 🎉 %s", ""):
            with self.subTest(data=data):
                self.crier.publish("/events/copied", data, event="it's")
                expected = re.sub("\r\n?", "\n", data)
                eventually(lambda: self.rows() and self.rows()[0][2] == f"it's {expected or 'empty'}", "the event is shown")
                self.click(".feed li:first-child summary")
                command = self.copied(".feed li:first-child button")
                stream = self.crier.stream("/events/copied?envelope=1")
                subprocess.run(["sh", "-c", command], check=True, capture_output=True)
                line = next(line for line in iter(stream.readline, b"") if line.startswith(b"data: "))
                self.assertEqual(json.loads(line[6:]), {"channel": "copied", "event": "it's", "data": expected})

    def test_keeps_a_thousand_events_of_a_burst_and_counts_the_rest(self):
        self.open("#/live?channel=burst", "Live")
        self.wait_for(".state", "Subscribed")
        body = "".join(f'{{"data":"event {number}"}}\n' for number in range(10_000))
        connection = http.client.HTTPConnection("127.0.0.1", self.crier.port)
        connection.request("POST", "/events/burst", body, {"Content-Type": "application/x-ndjson"})
        self.wait_for(".hint", "10\u202fk events received · the oldest 9,000 dropped, 1,000 kept")
        eventually(lambda: self.rows()[0][2] == "event 9999", "the newest is on top")
        self.assertEqual(len(self.rows()), 1000)
        self.fill("Filter by text", "event 9000")
        eventually(lambda: [row[2] for row in self.rows()] == ["event 9000"], "the oldest that is kept is found")

    def test_draws_the_numbers_of_json(self):
        self.open("#/live?channel=weather", "Live")
        self.wait_for(".state", "Subscribed")
        self.assertEqual(self.texts(".gauge"), [])
        for degrees in 21, 22.5, 20:
            self.crier.publish("/events/weather", json.dumps({"degrees": degrees, "place": "here", "rain": 0}))
        eventually(lambda: self.texts(".gauge b") == ["20", "0"], "both numbers are drawn")
        self.assertEqual(self.texts(".gauge p"), ["weather · degrees", "weather · rain"])
        self.assertEqual(len(run("return document.querySelector('polyline').getAttribute('points')").split()), 3)

    def test_indents_json_without_changing_it(self):
        self.open("#/live?channel=json", "Live")
        self.wait_for(".state", "Subscribed")
        data = '{"big":12345678901234567890,"same":1,"same":2,"text":"{[,:\\"","empty":{}}'
        self.crier.publish("/events/json", data)
        self.wait_for_rows(1)
        self.click("[type=checkbox]")
        shown = self.rows()[0][2]
        self.assertEqual(shown.splitlines()[:2], ["{", '  "big": 12345678901234567890,'])
        self.assertEqual(re.sub(r"\s", "", shown), data)

    def test_shows_that_events_are_missing_and_that_the_channel_was_deleted(self):
        self.open("#/live?channel=news", "Live")
        self.wait_for(".state", "Subscribed")
        self.crier.publish("/events/news", "seen")
        self.wait_for_rows(1)
        self.hide(True)
        self.wait_for_subscribers("news", 0)
        self.crier.terminate()
        self.crier.start()
        self.crier.publish("/events/news", "after the restart")
        self.hide(False)
        self.assertIn("Events are missing; their number is not known", self.wait_for_rows(3)[1][2])
        self.crier.request("DELETE", "/channels/news")
        self.wait_for(".feed .notice", "The channel news was deleted.")
        self.wait_for(".state", "The channel was deleted.")
        self.expected = "ERR_"

    def hide(self, is_hidden):
        """Does what a browser does when you go to another tab."""
        run("""Object.defineProperty(document, 'hidden', {configurable: true, get: () => arguments[0]})
            document.dispatchEvent(new Event('visibilitychange'))""".replace("arguments[0]", str(is_hidden).lower()))

    def test_has_no_connection_while_the_tab_is_hidden_and_misses_nothing(self):
        self.open("#/live?channel=news", "Live")
        self.wait_for(".state", "Subscribed")
        self.crier.publish("/events/news", "before")
        self.wait_for_rows(1)
        self.hide(True)
        self.wait_for_subscribers("news", 0)
        eventually(lambda: self.crier.request("GET", "/sessions")[1]["sessions"] == [], "the stream of figures is closed too")
        self.crier.publish("/events/news", "while hidden")
        self.hide(False)
        self.assertEqual([data for _, _, data in self.wait_for_rows(2)], ["while hidden", "before"])

    def test_reconnects_after_the_daemon_was_away_and_says_so(self):
        self.expected = "ERR_"
        self.open("#/live?channel=news", "Live")
        self.wait_for(".state", "Subscribed")
        self.crier.kill()
        self.wait_for(".state", "Reconnecting in")
        self.crier.start()
        self.wait_for(".state", "Subscribed")
        self.wait_for(".connection", "Connected")

    def test_needs_two_connections_with_the_figures(self):
        self.crier.publish("/events/news", "hello")
        self.open("#/live?channel=news", "Live")
        self.wait_for(".state", "Subscribed")
        self.wait_for(".connection", "Connected")
        for view in "#/channels/news", "#/", "#/live?channel=news", "#/live?channel=other":
            run("location.hash = arguments[0]", view)
            eventually(lambda: not self.texts(".connection") or self.texts(".connection") == ["Connected"], "connected")
        self.wait_for(".state", "Subscribed to other")
        eventually(lambda: len(self.crier.request("GET", "/sessions")[1]["sessions"]) == 2, "two streams are left")


class HostileText(ConsoleTest):
    """Changes nothing but text."""

    markup = "<img src=x onerror=hacked=1></script><script>hacked=2</script>"
    data = [markup, "\u202egnp.exe\u2066\0\x1b[31m\x7f", "x" * 2**20, "[" * 1000 + "]" * 1000, json.dumps({markup: 1})]

    def assert_harmless(self):
        self.assertEqual(run("return document.querySelectorAll('main img, main script, main b > b, main iframe').length"), 0)
        self.assertIsNone(run("return window.hacked ?? null"))

    def test_in_events(self):
        self.open("#/live?channel=**", "Live")
        self.wait_for(".state", "Subscribed")
        for data in self.data:
            self.crier.publish("/events/%3Cb%3Ex%3C/b%3E", data, event=self.markup)
        rows = self.wait_for_rows(len(self.data))
        self.assertEqual({row[0] for row in rows}, {"<b>x</b>"})
        self.assertEqual(rows[-1][2], f"{self.markup} {self.markup}")
        self.click("[type=checkbox]")
        self.assertEqual(len(self.wait_for_rows(len(self.data))), len(self.data))
        for row in run("return [...document.querySelectorAll('.feed details')]"):
            run("arguments[0].open = true", row)
        eventually(lambda: run("return document.querySelectorAll('.details').length") == len(self.data), "all are open")
        self.assertEqual(run("return document.querySelector('.feed li:last-child pre').textContent"), self.markup)
        self.assert_harmless()

    def test_in_names_of_channels_and_agents(self):
        name = "<b>x\u202ey"
        connection = http.client.HTTPConnection("127.0.0.1", self.crier.port)
        connection.request("GET", "/events?channel=%3Cb%3Ex%E2%80%AEy", headers={"User-Agent": self.markup})
        self.addCleanup(connection.getresponse().close)
        self.crier.publish("/events?channel=%3Cb%3Ex%E2%80%AEy", "hello")
        self.open("#/channels", "Channels")
        self.assertEqual(self.find("tbody a").text, "<b>x⟨U+202E⟩y")
        self.click("tbody a")
        self.wait_for_title("<b>x⟨U+202E⟩y")
        self.assertEqual(self.driver.title, "<b>x⟨U+202E⟩y · crier")
        self.wait_for(".sessions", self.markup)
        self.wait_for_rows(1)
        self.assert_harmless()
        self.assertEqual(self.crier.request("GET", "/channels")[1]["channels"][-1]["channel"], name)

    def test_in_what_you_publish(self):
        self.open("#/publish", "Publish")
        self.fill("Channel", "<b>x")
        self.fill("Event name", self.markup)
        self.fill("Data", self.markup)
        self.click(".publishform .primary")
        self.wait_for(".receipt", "<b>x")
        self.wait_for(".history", self.markup)
        self.assert_harmless()

    def test_in_an_answer_of_the_daemon(self):
        self.expected = "400"
        self.open("#/publish", "Publish")
        self.fill("Channel", "<img src=x>*")
        self.click(".publishform .primary")
        self.wait_for(".problem", "asterisk")
        self.assert_harmless()


class TheKeyboard(ConsoleTest):
    def setUp(self):
        super().setUp()
        self.crier.publish("/events/news", "hello")

    def test_moves_along_a_chart(self):
        self.open("", "Overview")
        path = "return document.querySelector('.chart .line')?.getAttribute('d') ?? ''"
        eventually(lambda: run(path).count("L") > 1, "the line has three points")
        chart = self.find(".chart")
        chart.send_keys(Keys.ARROW_LEFT)
        self.wait_for(".tip", ":")
        newest = int(chart.get_attribute("aria-valuenow"))
        chart.send_keys(Keys.ARROW_LEFT)
        eventually(lambda: int(chart.get_attribute("aria-valuenow")) < newest, "the value is an older one")
        chart.send_keys(Keys.ESCAPE)
        eventually(lambda: not self.texts(".tip"), "the tooltip is gone")

    def test_finds_the_heading_focused_after_a_change_of_view(self):
        self.open("", "Overview")
        for view in "Channels", "Live", "Publish", "Configuration":
            self.find(f"nav [data-view={view.lower()}]").send_keys(Keys.ENTER)
            self.wait_for_title(view)
            self.assertEqual(run("return [document.activeElement.tagName, document.activeElement.innerText]"), ["H1", view])
            self.assertEqual(self.driver.title, f"{view} · crier")
        self.driver.back()
        self.wait_for_title("Publish")

    def test_skips_to_the_content_and_stays_in_the_view(self):
        self.open("#/publish", "Publish")
        self.find("body").send_keys(Keys.TAB)
        self.driver.switch_to.active_element.send_keys(Keys.ENTER)
        self.assertEqual(run("return document.activeElement.id"), "main")
        self.assertTrue(self.driver.current_url.endswith("#/publish"))

    def test_publishes_from_the_text(self):
        self.open("#/publish", "Publish")
        self.find("textarea").send_keys(Keys.CONTROL + Keys.ENTER)
        self.wait_for(".receipt", "Published")

    def test_changes_the_colours_and_the_choice_stays(self):
        self.open("", "Overview")
        theme = "return [document.documentElement.dataset.theme, getComputedStyle(document.documentElement).colorScheme]"
        for expected in ["light", "light"], ["dark", "dark"]:
            self.find("#theme").send_keys(Keys.ENTER)
            self.assertEqual(run(theme), expected)
        self.driver.refresh()
        self.assertEqual(run(theme), ["dark", "dark"])
        self.find("#theme").send_keys(Keys.ENTER)
        self.assertEqual(run(theme), ["system", "light dark"])


class TheReaderOfStreams(ConsoleTest):
    def test_reads_the_same_events_wherever_a_chunk_ends(self):
        stream = ("\ufeff:comment\r\nretry: 10\rretry: x\nid: 1\ndata: Grüße 🎉\r\ndata\r\n\r\nevent: tick\rdata:two\r\r"
                  "id: a\0b\ndata:  three\n\nid\ndata: four\nnothing: here\n\nevent: none\n\ndata: five\n\ndata: unfinished")
        self.open("", "Publish your first event")
        result = self.driver.execute_async_script("""
            const [stream, done] = arguments
            const bytes = new TextEncoder().encode(stream)
            import(new URL('console/eventstream.js', location.href.replace(/#.*/, ''))).then(({EventStreamParser}) => {
                const read = (...chunks) => {
                    const events = []
                    const parser = new EventStreamParser({
                        onEvent: ({type, data, id, lastEventID}) => events.push([type, data, id, lastEventID]),
                        onRetry: retry => events.push(retry),
                    })
                    for (const chunk of chunks) parser.push(chunk)
                    return events
                }
                const whole = read(bytes)
                const different = [...bytes.keys()].filter(at =>
                    JSON.stringify(read(bytes.subarray(0, at), bytes.subarray(at))) !== JSON.stringify(whole))
                const single = read(...[...bytes.keys()].map(at => bytes.subarray(at, at + 1)))
                done([whole, different, JSON.stringify(single) === JSON.stringify(whole)])
            })""", stream)
        self.assertEqual(result, [[
            10, ["message", "Grüße 🎉\n", "1", "1"], ["tick", "two", None, "1"], ["message", " three", None, "1"],
            ["message", "four", "", ""], ["message", "five", None, ""]], [], True])


class Access(ConsoleTest):
    """A daemon with tokens: static ones, and JSON Web Tokens that end."""

    expected = r"401|Password field is not contained"

    def start(self, **settings):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.secret = self.directory / "jwt.secret"
        self.secret.write_bytes(os.urandom(48))
        tokens = {
            "admin-token": 'subscribe = ["**"]\npublish = ["**"]\nadmin = true',
            "reader-token": 'subscribe = ["news/**"]',
            "writer-token": 'publish = ["news/**"]',
        }
        configuration = f'[access]\nleeway = "0s"\n[[access.jwt]]\nsecret = "{self.secret}"\nalgorithms = ["HS256"]\n'
        for token, grant in tokens.items():
            digest = hashlib.sha256(token.encode()).hexdigest()
            configuration += f'[[access.token]]\nname = "{token.split("-")[0]}"\nsha256 = "{digest}"\n{grant}\n'
        file = self.directory / "crier.toml"
        file.write_text(configuration)
        os.environ["CRIER_CONFIG"] = str(file)
        try:
            return super().start(**settings)
        finally:
            del os.environ["CRIER_CONFIG"]

    def mint(self, *arguments):
        command = [os.environ["BINARY"], "token", "mint", "--secret", str(self.secret), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def sign_in(self, token):
        self.wait_for_title("Sign in")
        self.find("[type=password]").send_keys(token + Keys.ENTER)

    def navigation(self):
        return self.texts("nav:not(.pager) a")

    def test_asks_for_a_token_and_says_why_it_does_not_accept_one(self):
        self.open("#/live?channel=news/eu", "Sign in")
        self.assertEqual(self.texts(".problem"), [])
        self.sign_in("wrong")
        self.wait_for(".problem", "token")
        self.sign_in("reader-token")
        self.wait_for(".state", "Subscribed to news/eu")

    def test_shows_a_subscriber_its_live_view_only(self):
        self.open()
        self.sign_in("reader-token")
        self.wait_for_title("Live")
        self.assertEqual(self.navigation(), ["Live"])
        self.wait_for(".state", "Subscribed to news/**")
        self.wait_for(".caller", "Signed in as reader")
        run("location.hash = '#/sessions'")
        self.wait_for_title("Not allowed")

    def test_shows_a_publisher_its_form_only(self):
        self.expected += "|403"
        self.open()
        self.sign_in("writer-token")
        self.wait_for_title("Publish")
        self.assertEqual(self.navigation(), ["Publish"])
        self.click(".publishform .primary")
        self.wait_for(".problem", "news")
        self.fill("Channel", "news/eu")
        self.click(".publishform .primary")
        self.wait_for(".receipt", "to news/eu")
        command = self.copied(".publishform button")
        self.assertNotIn("writer-token", command)
        answer = subprocess.run(["sh", "-c", command], check=True, capture_output=True, env=os.environ | {"TOKEN": "writer-token"})
        self.assertEqual(json.loads(answer.stdout)["channels"], ["news/eu"])

    def test_shows_an_admin_everything_but_secrets(self):
        self.open("#/configuration")
        self.sign_in("admin-token")
        self.wait_for_title("Configuration")
        self.assertEqual(len(self.navigation()), 6)
        self.wait_for(".settings", "access")
        text = self.copied("button", "Copy all")
        for token in "admin-token", "reader-token":
            self.assertNotIn(hashlib.sha256(token.encode()).hexdigest(), text)
        self.assertNotIn(self.secret.read_bytes().hex(), text)

    def test_signs_out(self):
        self.open("#/publish")
        self.sign_in("admin-token")
        self.wait_for_title("Publish")
        self.click("#signout")
        self.wait_for_title("Sign in")
        self.driver.refresh()
        self.wait_for_title("Sign in")
        self.assertEqual(self.navigation(), [])
        self.assertEqual(run("return [sessionStorage.length, document.cookie]"), [0, ""])

    def test_keeps_the_token_in_the_tab_and_in_no_lasting_place(self):
        self.open("#/live?channel=news/eu")
        self.sign_in("reader-token")
        self.wait_for(".state", "Subscribed")
        self.driver.refresh()
        self.wait_for(".state", "Subscribed")
        self.assertNotIn("reader-token", run("return JSON.stringify(localStorage) + document.cookie + location.href"))

    def test_asks_again_when_the_token_ends_and_keeps_the_place(self):
        self.open("#/live?channel=news/eu")
        self.sign_in(self.mint("--subscribe", "news/**", "--expires", "3s"))
        self.wait_for(".state", "Subscribed to news/eu")
        self.wait_for(".problem", "Your token has expired.")
        self.assertTrue(self.driver.current_url.endswith("#/live?channel=news%2Feu"), self.driver.current_url)
        self.sign_in(self.mint("--subscribe", "news/**"))
        self.wait_for(".state", "Subscribed to news/eu")

    def test_asks_again_when_a_request_finds_the_token_ended(self):
        self.open("#/publish")
        self.sign_in(self.mint("--publish", "news/**", "--expires", "2s"))
        self.wait_for_title("Publish")
        self.fill("Channel", "news/eu")

        def refused():
            if self.texts("h1") == ["Sign in"]:
                return True
            self.click(".publishform .primary")

        eventually(refused, "crier no longer accepts the token")
        self.wait_for(".problem", "expired")


class Mounted(http.server.BaseHTTPRequestHandler):
    """A proxy that mounts crier below /push/."""

    protocol_version = "HTTP/1.0"

    def do_GET(self):
        if not self.path.startswith("/push/"):
            return self.send_error(404)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "host")}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream)
        upstream.request(self.command, self.path.removeprefix("/push"), body, headers | {"Host": self.headers["Host"]})
        answer = upstream.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        self.end_headers()
        try:
            while piece := answer.read1(65536):
                self.wfile.write(piece)
        except (OSError, http.client.HTTPException):
            pass
        upstream.close()

    do_POST = do_DELETE = do_GET

    def log_message(self, *_):
        pass


class BelowAPath(ConsoleTest):
    def test_every_view_works(self):
        proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mounted)
        proxy.daemon_threads = True
        proxy.upstream = self.crier.port
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        self.addCleanup(proxy.shutdown)
        self.address = f"http://127.0.0.1:{proxy.server_port}/push/"
        self.open("", "Publish your first event")
        self.crier.publish("/events/news", "hello")
        self.open("#/live?channel=news&replay=all", "Live")
        self.assertEqual(self.wait_for_rows(1)[0][2], "hello")
        for view, selector in ("", ".log"), ("#/channels", "tbody a"), ("#/sessions", ".card"), ("#/configuration", ".toml"):
            self.open(view)
            self.find(selector)
        self.open("#/publish", "Publish")
        self.assertIn("/push/events/news", self.copied(".publishform button"))
        self.click(".publishform .primary")
        self.wait_for(".receipt", "Published")


class TheFiles(unittest.TestCase):
    def test_have_100_kb_in_all(self):
        files = [file for file in FILES.iterdir() if file.suffix in (".html", ".css", ".js")]
        self.assertLess(sum(file.stat().st_size for file in files), 100 * 1024)

    def test_never_read_markup(self):
        for file in FILES.glob("*.js"):
            markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|DOMParser"
            self.assertNotRegex(file.read_text(), markup, file.name)


@unittest.skipUnless("SCREENSHOTS" in os.environ, "SCREENSHOTS names no folder")
class Screenshots(ConsoleTest):
    """The pictures of docs/console.md, of a daemon in use."""

    settings = {"limits.unsent": "16KiB"}

    def test_are_taken(self):
        signal.setitimer(signal.ITIMER_REAL, 0)
        life = Lifelike(self.crier.port)
        self.addCleanup(life.stop)
        eventually(lambda: self.crier.request("GET", "/channels/news/eu")[0] == 200, "there are channels")
        self.resize(1440, 1060)
        self.driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        self.open("", "Overview")
        points = """return Math.max(0, ...[...document.querySelectorAll('.chart .line')].map(
            line => line.getAttribute('d').split('L').length))"""
        while run(points) < int(os.environ.get("SECONDS_OF_CHARTS", 290)):
            eventually(lambda before=run(points): run(points) > before, "the charts grow")
        self.take("overview", "light")
        self.take("overview-dark", "dark")
        self.resize(*PHONE)
        run("scrollTo(0, 0)")
        self.take("overview-phone", "light")
        self.resize(*DESKTOP)
        self.show("#/live?channel=prices/**&channel=news/eu", "dark", "live")
        self.show("#/channels/prices%2Fgold", "light", "channel")
        self.show("#/sessions?min-lag=1", "light", "sessions")
        self.resize(*PHONE)
        self.show("#/live?channel=prices%2Fgold", "dark", "live-phone")
        self.resize(*DESKTOP)
        self.crier.kill()
        self.crier.start()
        self.open("", "Publish your first event")
        self.click("button", "Subscribe to")
        self.wait_for(".done", "Subscribed")
        self.click(".publishform .primary")
        self.wait_for(".done", "Your first event has arrived.")
        eventually(lambda: not run("return document.body.classList.contains('delight')"), "the page is calm")
        self.take("first-run", "light")
        self.expected = "ERR_"

    def show(self, view, scheme, name):
        self.prefer(scheme)
        run("location.hash = arguments[0]", view)
        if "sessions" in view:
            self.wait_for("tbody", "behind")
        else:
            self.wait_for_rows(100 if "**" in view else 25)
        self.take(name, scheme)

    def prefer(self, scheme):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def take(self, name, scheme):
        self.prefer(scheme)
        eventually(lambda: run("return document.querySelector('.view').getAnimations().length === 0"), "the view stands still")
        self.driver.save_screenshot(os.path.join(os.environ["SCREENSHOTS"], f"{name}.png"))
