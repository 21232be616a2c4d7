"""aiohttp-sse-client."""
import asyncio, os, sys
from aiohttp_sse_client.client import EventSource

position = os.environ.get("LAST_EVENT_ID")


async def main():
    headers = {"Last-Event-ID": position} if position else {}
    async with EventSource(sys.argv[1], headers=headers) as source:
        async for event in source:
            print(event.data, flush=True)


asyncio.run(main())
