"""crier as a web developer sees it: a real Chromium on one side, the real daemon on the other."""

import json
import signal
import tempfile
import time
import unittest

from selenium import webdriver

from crier_process import Crier, Proxy, eventually

CONNECTING, OPEN, CLOSED = range(3)
LIMIT = 120  # seconds for one test, and again for each step of cleaning up after it

SUBSCRIBE = """
    const [target, names] = arguments;
    window.received = [];
    window.errors = [];
    window.source = new EventSource(target);
    for (const name of new Set(['message', ...names]))
        source.addEventListener(name, event => received.push([event.type, event.data, event.lastEventId]));
    source.onerror = () => errors.push(source.readyState);
"""


def out_of_time(*_):
    raise TimeoutError(f"the test took longer than {LIMIT} s")


def setUpModule():
    global driver
    signal.signal(signal.SIGALRM, out_of_time)
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage":
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))
    unittest.addModuleCleanup(driver.quit)


class BrowserTest(unittest.TestCase):
    """Has a daemon and a tab of its own for each test."""

    def setUp(self):
        signal.setitimer(signal.ITIMER_REAL, LIMIT, LIMIT)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        first_tab = driver.current_window_handle
        driver.switch_to.new_window("tab")
        self.addCleanup(driver.switch_to.window, first_tab)
        self.addCleanup(driver.close)

    def start(self, **settings):
        crier = Crier(**settings)
        self.addCleanup(crier.kill)
        return crier

    def start_behind_proxy(self, **settings):
        crier = self.start(**settings)
        proxy = Proxy(crier.port)
        self.addCleanup(proxy.stop)
        return crier, proxy

    def subscribe(self, server, target, *names):
        """Opens a page of the daemon or the proxy, and an event stream in it that listens for these names too."""
        driver.get(f"http://127.0.0.1:{server.port}/healthz")
        driver.execute_script(SUBSCRIBE, target, names)
        self.wait_until_open()

    def ready_state(self):
        return driver.execute_script("return source.readyState")

    def wait_until_open(self):
        eventually(lambda: self.ready_state() == OPEN, "the stream is open")

    def wait_until_cut(self):
        eventually(lambda: self.ready_state() == CONNECTING, "the browser has noticed the cut")

    def received(self, count):
        """Waits for this many events; returns all that have come, as [type, data, lastEventId]."""
        events = "return received"
        eventually(lambda: len(driver.execute_script(events)) >= count, f"{count} events have come")
        return driver.execute_script(events)


class TheBrowserReceives(BrowserTest):
    """Each test publishes one event, and a second one to see that nothing came between."""

    def check(self, data, expected=None, **parameters):
        crier = self.start()
        name = parameters.get("event", "message")
        self.subscribe(crier, "/events/news", name)
        receipt = crier.publish("/events/news", data, **parameters)
        self.assertEqual(receipt["subscribers"], 1)
        next_receipt = crier.publish("/events/news", "next")
        self.assertEqual(self.received(2), [
            [name, data if expected is None else expected, receipt["id"]],
            ["message", "next", next_receipt["id"]],
        ])

    def test_an_unnamed_event(self):
        self.check("hello")

    def test_a_named_event(self):
        self.check("hello", event="headline")

    def test_an_event_with_a_non_ascii_name(self):
        self.check("hello", event="Überschrift 🎉")

    def test_an_event_with_an_id_of_the_publisher(self):
        self.check("hello", id="my own: id")

    def test_lines_ended_by_lf(self):
        self.check("one\ntwo\n\nfour\n")

    def test_lines_ended_by_cr(self):
        self.check("one\rtwo\r\rfour\r", expected="one\ntwo\n\nfour\n")

    def test_lines_ended_by_crlf(self):
        self.check("one\r\ntwo\r\n\r\nfour\r\n", expected="one\ntwo\n\nfour\n")

    def test_lines_ended_by_all_three(self):
        self.check("\r\r\n\n\n\rend", expected="\n\n\n\n\nend")

    def test_empty_data(self):
        self.check("")

    def test_emoji_and_other_non_ascii(self):
        self.check("Grüße, 世界 👩‍👩‍👧‍👦 \u2028 \u0085 \ufeff")

    def test_a_byte_order_mark_at_the_beginning(self):
        self.check("\ufeffhello")

    def test_leading_spaces(self):
        self.check("  two\n one\nnone")

    def test_tabs(self):
        self.check("\tone\t\n\t\ttwo")

    def test_a_nul(self):
        self.check("before\0after")

    def test_data_that_looks_like_another_event(self):
        self.check("x\n\nid: 7\nevent: headline\ndata: forged\n\nretry: 1\n:comment")

    def test_data_that_looks_like_another_event_after_cr(self):
        self.check("x\r\rid: 7\r\revent: headline", expected="x\n\nid: 7\n\nevent: headline")

    def test_256_kib_in_one_line(self):
        self.check("".join(f"{number:07} é🎉" for number in range(2**18 // 14)))

    def test_256_kib_in_many_lines(self):
        self.check("".join(f"{number:07}\n" for number in range(2**18 // 8)))


class Channels(BrowserTest):
    def test_several_come_on_one_connection_in_the_order_of_publishing(self):
        crier, proxy = self.start_behind_proxy()
        self.subscribe(proxy, "/events?channel=a&channel=b&channel=c/d")
        expected = []
        for number in range(60):
            channel = ("a", "b", "c/d", "elsewhere")[number % 4]
            receipt = crier.publish(f"/events/{channel}", str(number))
            if channel != "elsewhere":
                expected.append(["message", str(number), receipt["id"]])
        self.assertEqual(self.received(len(expected)), expected)
        self.assertEqual(proxy.subscriptions(), 1)

    def test_an_event_published_to_two_comes_once(self):
        crier, proxy = self.start_behind_proxy()
        self.subscribe(proxy, "/events?channel=a&channel=b")
        live = crier.publish("/events?channel=a&channel=b", "live")
        self.received(1)
        proxy.cut(reset=False)
        missed = crier.publish("/events?channel=a&channel=b", "missed")
        proxy.mend()
        self.received(2)
        last = crier.publish("/events/a", "last")
        self.assertEqual(self.received(3), [
            ["message", "live", live["id"]],
            ["message", "missed", missed["id"]],
            ["message", "last", last["id"]],
        ])

    def test_a_deleted_one_ends_the_stream_for_good(self):
        crier, proxy = self.start_behind_proxy()
        self.subscribe(proxy, "/events/news", "crier.end")
        receipt = crier.publish("/events/news", "last words")
        self.assertEqual(crier.request("DELETE", "/channels/news"), (200, {"channel": "news", "subscribers": 1}))
        eventually(lambda: self.ready_state() == CLOSED, "the browser has stopped")
        kind, data, last_id = self.received(2)[1]
        self.assertEqual((kind, json.loads(data), last_id), ("crier.end", {"channel": "news"}, receipt["id"]))
        self.assertEqual(driver.execute_script("return errors"), [CONNECTING, CLOSED])

        self.let_another_stream_reconnect(proxy, times=5)
        self.assertEqual(proxy.requested.count(b"GET /events/news"), 2)
        self.assertEqual(self.ready_state(), CLOSED)

    def let_another_stream_reconnect(self, proxy, times):
        """Passes several reconnection times, measured by a stream that does reconnect."""
        driver.execute_script("window.other = new EventSource('/events/other')")
        for _ in range(times):
            eventually(lambda: driver.execute_script("return other.readyState") == OPEN, "the other stream is open")
            proxy.cut(reset=False)
            eventually(lambda: driver.execute_script("return other.readyState") == CONNECTING, "it is cut")
            proxy.mend()

    def test_a_deleted_one_accepts_subscribers_after_a_new_publish(self):
        crier = self.start()
        crier.publish("/events/news", "before")
        crier.request("DELETE", "/channels/news")
        receipt = crier.publish("/events/news", "again")
        self.subscribe(crier, "/events/news?lastEventId=" + receipt["id"])
        receipt = crier.publish("/events/news", "and again")
        self.assertEqual(self.received(1), [["message", "and again", receipt["id"]]])

    def test_a_deleted_one_leaves_the_others_of_its_stream(self):
        crier, proxy = self.start_behind_proxy()
        self.subscribe(proxy, "/events?channel=a&channel=b", "crier.end")
        crier.publish("/events/a", "of a")
        crier.request("DELETE", "/channels/a")
        crier.publish("/events/b", "of b")
        self.assertEqual([event[:2] for event in self.received(3)],
                         [["message", "of a"], ["crier.end", '{"channel":"a"}'], ["message", "of b"]])
        self.assertEqual(proxy.subscriptions(), 1)


class TheBrowserReconnects(BrowserTest):
    def test_without_losing_or_doubling_events_when_connections_are_closed(self):
        self.check_cuts(reset=False)

    def test_without_losing_or_doubling_events_when_connections_are_reset(self):
        self.check_cuts(reset=True)

    def check_cuts(self, reset):
        """Publishes 200 events, 20 of every 50 of them while the connection is cut."""
        crier, proxy = self.start_behind_proxy()
        self.subscribe(proxy, "/events/news", "crier.gap")
        expected = []
        for number in range(200):
            if number % 50 == 20:
                proxy.cut(reset=reset)
            if number % 50 == 30:
                self.wait_until_cut()
            if number % 50 == 40:
                proxy.mend()
            receipt = crier.publish("/events/news", str(number))
            expected.append(["message", str(number), receipt["id"]])
            if number % 50 == 49:
                self.assertEqual(self.received(len(expected)), expected)

    def test_20_times_and_gets_2000_events_once_each_in_order(self):
        """The connection is closed, reset, cut in the middle of an event, or its daemon is killed, five times each."""
        with tempfile.TemporaryDirectory() as directory:
            crier, proxy = self.start_behind_proxy(**{
                "history.store": "sqlite", "history.path": directory + "/history.db", "history.events": 5000})
            self.subscribe(proxy, "/events/news/*", "crier.gap")
            expected = []
            for number in range(2000):
                kind, place = number // 100 % 4, number % 100
                if place == 20:
                    if kind == 0:
                        proxy.cut(reset=False)
                    elif kind == 1:
                        proxy.cut(reset=True)
                    elif kind == 2:
                        proxy.budget = 1000 + number % 37
                    else:
                        crier.kill()
                        crier.start()
                if place == 60 and kind != 3:
                    self.wait_until_cut()
                    proxy.mend()
                receipt = crier.publish(f"/events/news/{number % 3}", f"{number} " + "x" * (number % 200))
                expected.append(["message", f"{number} " + "x" * (number % 200), receipt["id"]])
                if place == 99:
                    self.assertEqual(self.received(len(expected))[number - 99:], expected[number - 99:])
            self.assertEqual(self.received(2000), expected)
            self.assertGreater(proxy.subscriptions(), 20)
            crier.kill()

    def test_after_a_restart_with_durable_history_and_resumes(self):
        with tempfile.TemporaryDirectory() as directory:
            crier = self.start(**{"history.store": "sqlite", "history.path": directory + "/history.db"})
            self.subscribe(crier, "/events/news", "crier.gap")
            expected = []
            for stop in (crier.kill, crier.terminate):
                expected.append(["message", "before", crier.publish("/events/news", "before")["id"]])
                self.received(len(expected))
                stop()
                self.wait_until_cut()
                crier.start()
                expected.append(["message", "after", crier.publish("/events/news", "after")["id"]])
                self.assertEqual(self.received(len(expected)), expected)
            crier.kill()

    def test_and_gets_all_of_an_event_that_was_cut_short(self):
        crier, proxy = self.start_behind_proxy()
        self.subscribe(proxy, "/events/news")
        first = crier.publish("/events/news", "first")
        self.received(1)
        proxy.budget = 2**17
        data = "0123456789\n" * 2**15
        large = crier.publish("/events/news", data)
        self.wait_until_cut()
        proxy.mend()
        last = crier.publish("/events/news", "last")
        self.assertEqual(self.received(3), [
            ["message", "first", first["id"]],
            ["message", data, large["id"]],
            ["message", "last", last["id"]],
        ])

    def test_and_gets_a_gap_for_expired_events(self):
        crier, proxy = self.start_behind_proxy(**{"history.events": 5})
        self.subscribe(proxy, "/events?channel=busy&channel=quiet", "crier.gap")
        seen = crier.publish("/events/quiet", "seen")["id"]
        self.received(1)
        proxy.cut(reset=True)
        ids = [crier.publish("/events/busy", str(number))["id"] for number in range(20)]
        proxy.mend()
        kind, gap, gap_id = self.received(7)[1]
        self.assertEqual((kind, gap_id), ("crier.gap", seen))
        self.assertEqual(json.loads(gap), {"requested": seen, "oldest": seen, "newest": ids[-1], "lost": 15})
        self.assertEqual(self.received(7)[2:], [["message", str(number), ids[number]] for number in range(15, 20)])

    def test_and_resumes_after_a_non_ascii_id(self):
        crier, proxy = self.start_behind_proxy()
        self.subscribe(proxy, "/events/news", "crier.gap")
        crier.publish("/events/news", "seen", id="…")
        self.received(1)
        proxy.cut(reset=False)
        missed = crier.publish("/events/news", "missed")
        proxy.mend()
        self.assertEqual(self.received(2), [["message", "seen", "…"], ["message", "missed", missed["id"]]])
        self.assertIn("Last-Event-ID: …\r\n".encode(), proxy.requested)

    def test_after_sigkill_of_the_daemon_and_gets_a_gap_of_unknown_size(self):
        crier = self.start()
        self.subscribe(crier, "/events/news", "crier.gap")
        before = crier.publish("/events/news", "before")
        self.received(1)
        crier.kill()
        self.wait_until_cut()
        crier.start()
        self.check_new_epoch(crier, before)

    def test_after_sigterm_of_the_daemon_and_gets_a_gap_of_unknown_size(self):
        crier = self.start()
        self.subscribe(crier, "/events/news", "crier.gap")
        before = crier.publish("/events/news", "before")
        self.received(1)
        self.assertEqual(crier.terminate(), 0)
        self.wait_until_cut()
        crier.start()
        self.check_new_epoch(crier, before)

    def check_new_epoch(self, crier, before):
        kind, gap, last_id = self.received(2)[1]
        self.assertEqual((kind, last_id), ("crier.gap", before["id"]))
        self.assertEqual(json.loads(gap), {"requested": before["id"], "oldest": None, "newest": None, "lost": None})
        after = crier.publish("/events/news", "after")
        self.assertEqual(self.received(3)[2], ["message", "after", after["id"]])

    def test_after_a_clean_end_with_a_new_retry_on_sigterm(self):
        crier = self.start()
        with crier.stream("/events/news") as stream:
            self.assertEqual(crier.terminate(), 0)
            # Reading fails if the connection was reset.
            self.assertRegex(stream.read().decode(), r"\A:ok\nretry: \d+\n+retry: \d+\n+\Z")

    def test_after_a_retry_shorter_than_the_daemons(self):
        crier, proxy = self.start_behind_proxy(**{"server.retry": "1h"})
        self.subscribe(proxy, "/events/news")
        crier.publish("/events/news", "reconnect soon", retry=100)
        self.received(1)
        self.assertGreaterEqual(self.seconds_away(proxy), 0.1)

    def test_after_a_retry_longer_than_the_daemons(self):
        crier, proxy = self.start_behind_proxy(**{"server.retry": "100ms"})
        self.subscribe(proxy, "/events/news")
        crier.publish("/events/news", "take your time", retry=1000)
        self.received(1)
        self.assertGreaterEqual(self.seconds_away(proxy), 1)

    def test_after_the_retry_of_the_daemon(self):
        _, proxy = self.start_behind_proxy(**{"server.retry": "500ms"})
        self.subscribe(proxy, "/events/news")
        seconds = self.seconds_away(proxy)
        self.assertGreaterEqual(seconds, 0.25)
        self.assertLess(seconds, 3, "Chromium waits 3 s without a retry")

    def seconds_away(self, proxy):
        """Cuts the connection, and returns the seconds until the browser has reconnected."""
        start = time.monotonic()
        proxy.cut(reset=False)
        proxy.mend()
        eventually(lambda: proxy.subscriptions() == 2, "the browser has reconnected")
        return time.monotonic() - start


class Disconnecting(BrowserTest):
    def setUp(self):
        super().setUp()
        self.crier = self.start()
        self.crier.publish("/events/news", "keeps the channel in being")
        self.subscribe(self.crier, "/events/news")
        self.assertEqual(self.crier.subscribers("news"), 1)

    def check_gone(self):
        left = time.monotonic()
        eventually(lambda: self.crier.subscribers("news") == 0, "the subscriber is gone")
        self.assertLess(time.monotonic() - left, 5, "much sooner than any heartbeat or time limit")

    def test_closing_the_event_source_ends_the_subscription(self):
        driver.execute_script("source.close()")
        self.check_gone()

    def test_navigating_away_ends_the_subscription(self):
        driver.get("about:blank")
        self.check_gone()

    def test_closing_the_tab_ends_the_subscription(self):
        tab = driver.current_window_handle
        driver.switch_to.new_window("tab")
        other_tab = driver.current_window_handle
        driver.switch_to.window(tab)
        driver.close()
        driver.switch_to.window(other_tab)
        self.check_gone()


class Requests(BrowserTest):
    def fetch(self, url, **options):
        """Returns the status and the content type that `fetch` gets, or 0 and null when the page may not see them."""
        return driver.execute_async_script("""
            const [url, options, done] = arguments;
            fetch(url, options).then(answer => done([answer.status, answer.headers.get('Content-Type')]), done);
        """, url, options)

    def test_head_has_the_head_of_a_stream_and_does_not_subscribe(self):
        crier = self.start()
        self.subscribe(crier, "/events/news")
        for _ in range(3):
            self.assertEqual(self.fetch("/events/news", method="HEAD"), [200, "text/event-stream; charset=utf-8"])
            self.assertEqual(self.fetch("/events/silent", method="HEAD"), [200, "text/event-stream; charset=utf-8"])
        self.assertEqual(crier.subscribers("news"), 1)
        self.assertEqual(crier.publish("/events/news", "hello")["subscribers"], 1)
        self.assertEqual(crier.request("GET", "/channels/silent")[0], 404)

    def test_a_page_can_publish_at_its_own_origin(self):
        crier = self.start()
        self.subscribe(crier, "/events/news")
        self.assertEqual(self.fetch("/events/news", method="POST", body="hello")[0], 200)
        self.assertEqual(self.received(1)[0][1], "hello")

    def test_a_page_of_another_origin_cannot_publish(self):
        crier = self.start()
        target = f"http://127.0.0.1:{crier.port}/events/news"
        for origin in f"http://127.0.0.1:{self.start().port}", f"http://localhost:{crier.port}":
            driver.get(f"{origin}/healthz")
            self.assertEqual(self.fetch(target, method="POST", body="forged", mode="no-cors"), [0, None])
            self.assertEqual(crier.request("GET", "/channels/news")[0], 404, origin)

    def test_a_stream_beyond_the_limit_reconnects_later_and_does_not_give_up(self):
        crier = self.start(**{"limits.connections": 1})
        self.subscribe(crier, "/events/first")
        driver.execute_script(SUBSCRIBE, "/events/second", [])
        eventually(lambda: driver.execute_script("return errors"), "crier has refused the second stream")
        self.assertEqual(driver.execute_script("return errors"), [CONNECTING])
