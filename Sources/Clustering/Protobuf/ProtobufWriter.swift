/// Writes a message of protocol buffers, version 3 (protobuf.dev/programming-guides/encoding).
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    /// Writes a number; 0 is the default, and needs no field.
    mutating func write(_ field: Int, _ number: UInt64) {
        guard number != 0 else { return }
        writeVarint(UInt64(field) << 3)
        writeVarint(number)
    }

    mutating func write(_ field: Int, _ flag: Bool) { write(field, flag ? 1 : 0) }

    mutating func write(_ field: Int, _ value: some Collection<UInt8>) {
        writeVarint(UInt64(field) << 3 | 2)
        writeVarint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    mutating func write(_ field: Int, _ text: String) { write(field, text.utf8) }

    /// Writes a message within this one.
    mutating func write(_ field: Int, _ body: (inout ProtobufWriter) -> Void) {
        var inner = ProtobufWriter()
        body(&inner)
        write(field, inner.bytes)
    }

    private mutating func writeVarint(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// The bytes of a message.
    static func message(_ body: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        body(&writer)
        return writer.bytes
    }
}
