/// What of a request has come, as far as limits count it.
struct RequestProgress: ~Copyable {
    /// The bytes of the body, until the answer.
    private var body: BodyBytes
    /// Counts the request while the client has sent a part of it only, if a limit asks for it.
    private var incomplete: IncompleteRequest?
    /// How fast the client sends the head or the body; nil when that does not matter.
    private(set) var pace: RequestPace?
    /// The bytes of the last read: a body may begin in the middle of them.
    private var lastRead = 0

    init(_ bodies: BodyMemory) {
        body = BodyBytes(bodies)
    }

    /// Counts the bytes of a read.
    mutating func countRead(_ bytes: Int) {
        lastRead = bytes
        pace?.bytes += bytes
    }

    /// Begins to measure how fast the client sends a head or a body.
    ///
    /// - Parameters:
    ///   - least: bytes per second; 0 when the rate does not matter.
    ///   - end: when all of it must be there, in milliseconds of the monotonic clock.
    mutating func measurePace(least: Int, from began: UInt64, to end: UInt64) {
        pace = least == 0 ? nil : RequestPace(least: least, began: began, end: end, bytes: lastRead)
    }

    /// Counts more bytes of the body; see ``BodyBytes/add(_:limit:)``.
    mutating func addToBody(_ bytes: Int, limit: Int) -> Bool { body.add(bytes, limit: limit) }

    /// Counts no more bytes of the body than this any longer.
    mutating func lowerBody(to bytes: Int) { body.lower(to: bytes) }

    /// Counts the request as incomplete.
    ///
    /// - Returns: false when there are as many as the limit allows.
    mutating func countAsIncomplete(_ all: IncompleteRequests, limit: Int) -> Bool {
        if incomplete == nil { incomplete = IncompleteRequest(all, limit: limit) }
        return incomplete != nil
    }

    /// The request counts as incomplete no longer.
    mutating func complete() { incomplete = nil }

    /// The request has its answer.
    mutating func end() {
        body.lower(to: 0)
        complete()
    }
}
