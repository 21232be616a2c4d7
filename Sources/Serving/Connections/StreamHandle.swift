/// Names the stream that a subscriber writes to: a connection, and with HTTP/2 one of its streams.
struct StreamHandle {
    let connection: UInt32
}
