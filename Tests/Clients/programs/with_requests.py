"""requests: the lines of a streamed body."""
import os, sys, requests

position = os.environ.get("LAST_EVENT_ID")
answer = requests.get(sys.argv[1], stream=True, headers={"Last-Event-ID": position} if position else {})
for line in answer.iter_lines():
    if line.startswith(b"data: "):
        print(line[6:].decode(), flush=True)
