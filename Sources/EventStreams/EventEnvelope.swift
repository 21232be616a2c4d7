/// An event whose data also says which channel it came from: a JSON object of the channel, the type and the data.
///
/// Such an event has no `event` line: a browser then hands events of every type to one listener, `onmessage`.
public enum EventEnvelope {
    /// Encodes an event from the bytes that ``EventEncoder`` made of it. An event without data stays without data.
    ///
    /// - Parameter channel: the name of the channel.
    public static func encode(_ wire: borrowing Span<UInt8>, channel: String) -> [UInt8] {
        var encoder = Encoder(channel: channel, size: wire.count)
        var start = 0
        for index in wire.indices where wire[index] == lineFeed {
            encoder.add(wire.extracting(start..<index))
            start = index + 1
        }
        return encoder.finish()
    }

    private static let lineFeed: UInt8 = 0x0A

    private struct Encoder {
        private let channel: String
        private var type: [UInt8] = Array("message".utf8)
        private var hasData = false
        private var wire: [UInt8] = []

        init(channel: String, size: Int) {
            self.channel = channel
            wire.reserveCapacity(size + size / 8 + channel.utf8.count + 64)
        }

        mutating func add(_ line: Span<UInt8>) {
            // The names of the fields differ in their first letters.
            switch line.isEmpty ? nil : line[0] {
            case UInt8(ascii: "e"): type = value(of: line, after: "event: ")
            case UInt8(ascii: "d"): addData(line)
            case nil: break
            default:
                for index in line.indices { wire.append(line[index]) }
                wire.append(lineFeed)
            }
        }

        private mutating func addData(_ line: Span<UInt8>) {
            if hasData {
                JSONText.append(lineFeed, to: &wire)
            } else {
                hasData = true
                wire.append(contentsOf: #"data: {"channel":"#.utf8)
                JSONText.append(quoted: channel, to: &wire)
                wire.append(contentsOf: #","event":"#.utf8)
                JSONText.append(quoted: type, to: &wire)
                wire.append(contentsOf: #","data":""#.utf8)
            }
            for index in "data: ".utf8.count..<line.count { JSONText.append(line[index], to: &wire) }
        }

        private func value(of line: Span<UInt8>, after prefix: StaticString) -> [UInt8] {
            (prefix.utf8CodeUnitCount..<line.count).map { line[$0] }
        }

        mutating func finish() -> [UInt8] {
            if hasData { wire.append(contentsOf: "\"}\n".utf8) }
            wire.append(lineFeed)
            return wire
        }
    }
}
