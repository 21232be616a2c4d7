/// A message of protocol buffers, by the numbers of its fields. Texts and inner messages share the memory of the outer one.
struct ProtobufMessage {
    /// The bytes are no message.
    struct Damage: Error {}

    private enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    private var fields: [(number: Int, value: Value)] = []

    init(_ bytes: ArraySlice<UInt8>) throws(Damage) {
        var place = bytes.startIndex
        func varint() throws(Damage) -> UInt64 {
            var number: UInt64 = 0
            for shift in stride(from: UInt64(0), to: 64, by: 7) {
                guard place < bytes.endIndex else { throw Damage() }
                let byte = bytes[place]
                place += 1
                number |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return number }
            }
            throw Damage()
        }
        func take(_ count: UInt64) throws(Damage) -> ArraySlice<UInt8> {
            guard count <= UInt64(bytes.endIndex - place) else { throw Damage() }
            defer { place += Int(count) }
            return bytes[place..<place + Int(count)]
        }
        while place < bytes.endIndex {
            let tag = try varint()
            let number = Int(clamping: tag >> 3)
            switch tag & 7 {
            case 0: fields.append((number, .number(try varint())))
            case 1: _ = try take(8)
            case 2: fields.append((number, .bytes(try take(try varint()))))
            case 5: _ = try take(4)
            default: throw Damage()
            }
        }
    }

    /// A number; 0 when the field is missing.
    func number(_ field: Int) -> UInt64 {
        for case (field, .number(let number)) in fields.reversed() { return number }
        return 0
    }

    func flag(_ field: Int) -> Bool { number(field) != 0 }

    /// Bytes; none when the field is missing.
    func bytes(_ field: Int) -> ArraySlice<UInt8> {
        for case (field, .bytes(let bytes)) in fields.reversed() { return bytes }
        return []
    }

    func text(_ field: Int) -> String { String(decoding: bytes(field), as: UTF8.self) }

    /// A message within this one; nil when the field is missing, or is no message.
    func message(_ field: Int) -> ProtobufMessage? {
        for case (field, .bytes(let bytes)) in fields.reversed() { return try? ProtobufMessage(bytes) }
        return nil
    }

    /// All messages of a repeated field.
    func messages(_ field: Int) -> [ProtobufMessage] {
        fields.compactMap { number, value in
            if case .bytes(let bytes) = value, number == field { try? ProtobufMessage(bytes) } else { nil }
        }
    }
}
