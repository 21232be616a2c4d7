"""sseclient-py, on requests."""
import os, sys, requests, sseclient

position = os.environ.get("LAST_EVENT_ID")
answer = requests.get(sys.argv[1], stream=True, headers={"Last-Event-ID": position} if position else {})
for event in sseclient.SSEClient(answer).events():
    print(event.data, flush=True)
