/// Base64 with padding (RFC 4648 section 4), for many megabytes a second.
public enum Base64 {
    private static let alphabet: [UInt8] = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    /// By character: its six bits, or 128.
    private static let values: [UInt8] = (0...255).map { character in
        alphabet.firstIndex(of: character).map { UInt8($0) } ?? 128
    }

    /// Appends the encoding of some bytes.
    public static func append(_ bytes: some Sequence<UInt8>, to text: inout [UInt8]) {
        let copy = Array(bytes)
        append(copy.span, to: &text)
    }

    /// Appends the encoding of some bytes.
    public static func append(_ bytes: Span<UInt8>, to text: inout [UInt8]) {
        text.reserveCapacity(text.count + (bytes.count + 2) / 3 * 4)
        let alphabet = alphabet.span
        func add(_ word: UInt32, _ characters: Int) {
            for index in 0..<4 {
                text.append(index < characters ? alphabet[Int(word >> UInt32(18 - 6 * index) & 63)] : 0x3D)
            }
        }
        var place = 0
        while place + 3 <= bytes.count {
            add(UInt32(bytes[place]) << 16 | UInt32(bytes[place + 1]) << 8 | UInt32(bytes[place + 2]), 4)
            place += 3
        }
        switch bytes.count - place {
        case 1: add(UInt32(bytes[place]) << 16, 2)
        case 2: add(UInt32(bytes[place]) << 16 | UInt32(bytes[place + 1]) << 8, 3)
        default: break
        }
    }

    /// Decodes; nil when the text is not of whole groups, or has another character.
    public static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        let padding = text.suffix(2).count { $0 == 0x3D }
        let values = values.span
        let characters = text.span
        let whole = characters.count - (padding > 0 ? 4 : 0)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var wrong: UInt8 = 0
        func word(_ place: Int, _ count: Int) -> UInt32 {
            var word: UInt32 = 0
            for index in 0..<4 {
                let value = index < count ? values[Int(characters[place + index])] : 0
                wrong |= value
                word = word << 6 | UInt32(value)
            }
            return word
        }
        var place = 0
        while place < whole {
            let word = word(place, 4)
            bytes.append(UInt8(truncatingIfNeeded: word >> 16))
            bytes.append(UInt8(truncatingIfNeeded: word >> 8))
            bytes.append(UInt8(truncatingIfNeeded: word))
            place += 4
        }
        if padding > 0 {
            let word = word(place, 4 - padding)
            bytes.append(UInt8(truncatingIfNeeded: word >> 16))
            if padding == 1 { bytes.append(UInt8(truncatingIfNeeded: word >> 8)) }
        }
        return wrong < 64 ? bytes : nil
    }
}
