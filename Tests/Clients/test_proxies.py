"""crier behind the proxies of docs/proxies.md, with the configurations that stand there."""
import time, unittest

import proxies
from running import AT_ONCE, Running
from stream import EventSource, Publisher, request


class Behind(Running):
    """The tests of one proxy."""

    def subscribe(self, path):
        source = EventSource(self.public, path)
        self.addCleanup(source.close)
        source.wait(lambda source: source.opened, 15, "the stream opens")
        return source

    def test_passes_each_event_on_at_once(self):
        source = self.subscribe("/events/news")
        self.await_subscribers(1)
        for number in range(10):
            sent = time.monotonic()
            self.publish(f"{number}")
            source.wait(lambda source: len(source.events) > number, 5, f"event {number} comes")
            self.assertLess(source.events[number][1] - sent, AT_ONCE)
        self.assertEqual([data for data, _ in source.events], [f"{number}" for number in range(10)])

    def test_lets_a_page_of_the_same_origin_publish_and_no_other(self):
        self.publish("x", ["Origin: http://events.example", "Sec-Fetch-Site: same-origin"])
        self.publish("x", ["Origin: http://events.example"])
        status, _ = request(self.public, "POST", "/events/news", "x", ["Origin: http://evil.example", "Sec-Fetch-Site: cross-site"])
        self.assertEqual(status, 403)

    def test_lets_a_browser_resume_after_a_restart_of_crier(self):
        source = self.subscribe("/events/news")
        self.await_subscribers(1)
        self.publish("before")
        source.wait(lambda source: len(source.events) == 1, 5, "the first event comes")
        asked = source.asked
        self.stop(self.crier)
        # The browser meets the proxy without crier. Only after a refusal does it ask twice.
        times = 1 if self.proxy in proxies.HOLDING else 2
        source.wait(lambda source: source.asked >= asked + times, 20, "the client asks again")
        self.assertIsNone(source.failure)
        self.start_crier()
        self.publish("after", port=self.port)
        source.wait(lambda source: len(source.events) == 2, 20, "the second event comes")
        self.assertEqual([data for data, _ in source.events], ["before", "after"])


class AlsoStreams(Behind):
    def test_passes_each_line_of_an_open_body_on_at_once(self):
        source = self.subscribe("/events/news")
        self.await_subscribers(1)
        publisher = Publisher(self.public, "news")
        for number in range(5):
            sent = time.monotonic()
            publisher.send('{"data":"%d"}' % number)
            source.wait(lambda source: len(source.events) > number, 5, f"line {number} comes")
            self.assertLess(source.events[number][1] - sent, AT_ONCE)
        self.assertEqual(publisher.finish(), 200)


class BehindNginx(AlsoStreams, unittest.TestCase):
    proxy = staticmethod(proxies.nginx)


class BehindCaddy(AlsoStreams, unittest.TestCase):
    proxy = staticmethod(proxies.caddy)


class BehindHaproxy(AlsoStreams, unittest.TestCase):
    proxy = staticmethod(proxies.haproxy)


class BehindApache(Behind, unittest.TestCase):
    proxy = staticmethod(proxies.apache)


class BehindVarnish(AlsoStreams, unittest.TestCase):
    proxy = staticmethod(proxies.varnish)
