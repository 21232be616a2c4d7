/// Writes a message of protocol buffers, version 3 (protobuf.dev/programming-guides/encoding).
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    /// Writes a number; 0 is the default, and needs no field.
    mutating func write(_ field: Int, _ number: UInt64) {
        guard number != 0 else { return }
        bytes.append(varint: UInt64(field) << 3)
        bytes.append(varint: number)
    }

    mutating func write(_ field: Int, _ flag: Bool) { write(field, flag ? 1 : 0) }

    mutating func write(_ field: Int, _ value: some Collection<UInt8>) {
        bytes.append(varint: UInt64(field) << 3 | 2)
        bytes.append(varint: UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func write(_ field: Int, _ text: String) { write(field, text.utf8) }

    /// Writes a message within this one.
    mutating func write(_ field: Int, _ body: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        body(&inner)
        write(field, inner.bytes)
    }

    /// The bytes of a message.
    static func message(_ body: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        body(&writer)
        return writer.bytes
    }
}
