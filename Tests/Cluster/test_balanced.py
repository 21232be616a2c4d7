"""A real Chromium behind a load balancer, which loses its node again and again."""
import json, pathlib, threading, time, unittest

from balancer import Balancer
from test_cluster import ClusterCase

EVENTS, LOSSES = 2000, 20


class Balanced(ClusterCase):
    def test_a_browser_that_loses_its_node_twenty_times_has_every_event_once_and_in_order(self):
        from browsers import Chromium
        etcd = self.etcd()
        nodes = [self.node(f"n{index}", etcd, f"history.events={EVENTS}") for index in range(3)]
        balancer = Balancer(self.directory, nodes)
        self.addCleanup(balancer.stop)
        balancer.start()
        browser = Chromium()
        self.addCleanup(browser.driver.quit)
        browser.driver.get(f"http://127.0.0.1:{balancer.port}/")
        browser.driver.execute_script("""
            window.got = []; window.opened = 0; window.gaps = 0;
            window.source = new EventSource('/events/browser?replay=all');
            source.onopen = () => opened++;
            source.onmessage = event => got.push(event.data);
            source.addEventListener('crier.gap', () => gaps++);
        """)

        def seen():
            return browser.driver.execute_script("return [got.length, opened, source.readyState]")

        self.await_truth(lambda: seen()[1] == 1, "the browser has no stream")
        published, stopping = [0], threading.Event()

        def publish():
            while published[0] < EVENTS and not stopping.is_set():
                node = nodes[published[0] % 3]
                try:
                    if node.post("browser", str(published[0]), key=f"e{published[0]}")[0] == 200:
                        published[0] += 1
                        continue
                except OSError:
                    pass
                # The node is down: the same event goes to the next one.
                for other in nodes:
                    try:
                        if other.post("browser", str(published[0]), key=f"e{published[0]}")[0] == 200:
                            published[0] += 1
                            break
                    except OSError:
                        pass
                time.sleep(0.005)

        publisher = threading.Thread(target=publish)
        publisher.start()
        self.addCleanup(stopping.set)
        lost = 0
        while lost < LOSSES:
            opened = seen()[1]
            # Losses are spread over the events.
            self.await_truth(lambda: published[0] >= min(EVENTS, lost * EVENTS // LOSSES), "the publisher does not go on", 60)
            node = next((node for node in nodes if self.has_browser(node)), None)
            if node is None:
                time.sleep(0.05)
                continue
            node.kill()
            lost += 1
            self.await_truth(lambda: seen()[1] > opened, "the browser does not come back", 30)
            node.start()
            node.wait()
        publisher.join(60)
        self.await_truth(lambda: seen()[0] >= EVENTS, "events are missing", 30)
        got = browser.driver.execute_script("return got")
        self.assertEqual(got, [str(number) for number in range(EVENTS)])
        self.assertEqual(browser.driver.execute_script("return gaps"), 0)
        self.assertGreater(seen()[1], LOSSES)

    @staticmethod
    def has_browser(node):
        try:
            return len(json.loads(node.get("/sessions?channel=browser"))["sessions"]) == 1
        except (OSError, ValueError, KeyError):
            return False


del ClusterCase

if __name__ == "__main__":
    unittest.main()
