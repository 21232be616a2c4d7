"""A daemon in use: channels, subscribers, publishers, and some subscribers that are slow."""

import asyncio
import json
import math
import random
import socket
import threading
from urllib.parse import quote

ROOMS = [f"rooms/{number}" for number in range(1, 61)]
PRICES = [f"prices/{name}" for name in ("coffee", "copper", "gas", "gold", "oil", "platinum", "silver", "wheat")]
WORDS = "Good morning!", "The build is green again.", "Deployed.", "Lunch at twelve?", "I am reading the log of last night."
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Version/19.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36",
    "python-httpx/0.28.1", "curl/8.14.1",
)


class Lifelike:
    def __init__(self, port, subscribers=420):
        self._port = port
        self._random = random.Random(7)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        for number in range(subscribers):
            self._start(self._subscribe(self._channels(), AGENTS[number % len(AGENTS)]))
        for number in range(3):
            self._start(self._subscribe(["telemetry/raw"], AGENTS[3], is_slow=True, delay=40 * number))
        self._start(self._publish())

    def stop(self):
        asyncio.run_coroutine_threadsafe(self._cancel(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _cancel(self):
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, coroutine):
        asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def _channels(self):
        kind = self._random.random()
        if kind < 0.3:
            return [self._random.choice(PRICES)]
        if kind < 0.5:
            return ["prices/**"]
        if kind < 0.85:
            return [self._room()]
        return ["news/eu", "news/us", "weather/today", "alerts"] if kind < 0.95 else ["builds/main", "alerts"]

    def _room(self):
        return ROOMS[min(len(ROOMS) - 1, int(self._random.expovariate(0.1)))]

    async def _subscribe(self, channels, agent, is_slow=False, delay=0):
        await asyncio.sleep(delay)
        connection = socket.create_connection(("127.0.0.1", self._port))
        if is_slow:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader, writer = await asyncio.open_connection(sock=connection, limit=1024 if is_slow else 2**16)
        query = "&".join(f"channel={quote(channel)}" for channel in channels)
        writer.write(f"GET /events?{query} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {agent}\r\n\r\n".encode())
        # One that reads nothing at all would be taken for a dead peer.
        while await reader.read(1500 if is_slow else 65536):
            await asyncio.sleep(is_slow)

    async def _publish(self):
        _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n")
        prices = {channel: self._random.uniform(50, 150) for channel in PRICES}

        def send(channel, data, event="message"):
            line = json.dumps({"channel": channel, "data": data, "event": event}).encode() + b"\n"
            writer.write(b"%x\r\n%s\r\n" % (len(line), line))

        turn = 0
        while True:
            turn += 1
            for channel in self._random.sample(PRICES, 4 + int(3 * math.sin(turn / 60))):
                prices[channel] *= 1 + self._random.gauss(0, 0.002)
                send(channel, {"price": round(prices[channel], 2), "volume": self._random.randint(10, 900)}, "tick")
            send(self._room(), self._random.choice(WORDS))
            if turn % 10 == 0:
                send("telemetry/raw", "0" * 8000)
            if turn % 20 == 0:
                send("weather/today", {"degrees": round(12 + 4 * math.sin(turn / 300), 1), "humidity": 61})
            if turn % 33 == 0:
                send("builds/main", {"commit": f"{self._random.getrandbits(28):07x}", "status": "passed", "seconds": 214})
            if turn % 50 == 0:
                send("news/eu", "Parliament votes on the budget today.", "headline")
            await writer.drain()
            await asyncio.sleep(0.2)
