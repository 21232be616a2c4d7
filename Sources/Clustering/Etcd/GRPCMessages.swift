/// Cuts the body of an answer into messages: each has a byte for its compression and four for its length in front.
struct GRPCMessages {
    private var bytes: [UInt8] = []
    private var place = 0

    /// The most bytes of a message: many times the largest that etcd takes.
    private static let limit = 64 << 20

    mutating func append(_ piece: UnsafeRawBufferPointer) {
        if place == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity < 1 << 22)
            place = 0
        } else if place > 1 << 18, place > bytes.count / 2 {
            // A busy stream hardly ever ends with a message.
            bytes.removeSubrange(..<place)
            place = 0
        }
        unsafe bytes.append(contentsOf: piece)
    }

    /// The next message; nil while it is not complete.
    mutating func next() throws(LogFailure) -> ProtobufMessage? {
        guard bytes.count - place >= 5 else { return nil }
        let length = bytes[place + 1..<place + 5].reduce(0) { $0 << 8 | Int($1) }
        guard bytes[place] == 0, length <= Self.limit else {
            throw .unreachable("etcd sends a message that is compressed or too long")
        }
        let start = place + 5
        guard bytes.count - start >= length else { return nil }
        place = start + length
        do throws(ProtobufMessage.Damage) { return try ProtobufMessage(bytes[start..<place]) } catch {
            throw .unreachable("etcd sends what is no message")
        }
    }
}
