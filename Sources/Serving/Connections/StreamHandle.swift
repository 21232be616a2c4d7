/// Names the stream that a subscriber writes to: with HTTP/1.1, a connection.
struct StreamHandle {
    let connection: UInt32
}
