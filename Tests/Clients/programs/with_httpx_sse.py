"""httpx-sse."""
import os, sys, httpx
from httpx_sse import connect_sse

position = os.environ.get("LAST_EVENT_ID")
with httpx.Client(timeout=None) as client:
    with connect_sse(client, "GET", sys.argv[1], headers={"Last-Event-ID": position} if position else {}) as source:
        for event in source.iter_sse():
            print(event.data, flush=True)
