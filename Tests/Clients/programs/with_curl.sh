# curl, with its default buffer: -N.
exec curl -sN ${LAST_EVENT_ID:+-H "Last-Event-ID: $LAST_EVENT_ID"} "$1" | sed -un 's/^data: //p'
