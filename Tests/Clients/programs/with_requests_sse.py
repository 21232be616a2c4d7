"""requests-sse."""
import os, sys
from requests_sse import EventSource

position = os.environ.get("LAST_EVENT_ID")
with EventSource(sys.argv[1], headers={"Last-Event-ID": position} if position else {}) as source:
    for event in source:
        print(event.data, flush=True)
