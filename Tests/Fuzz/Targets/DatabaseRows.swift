import Foundation
import GRDB

@testable import Storing

/// A row of a damaged file is refused, or has a checksum that fits.
enum DatabaseRows {
    static func run(_ bytes: [UInt8]) {
        var rest = bytes[...]
        let values = (0..<9).map { _ in value(&rest) }
        let row = Row(Dictionary(uniqueKeysWithValues: zip("abcdefghi".map(String.init), values)))
        guard let event = EventRow(row) else { return }
        _ = event.labels
        _ = event.channelRows
    }

    /// The next value: its kind, its length and its bytes.
    private static func value(_ rest: inout ArraySlice<UInt8>) -> (any DatabaseValueConvertible)? {
        let kind = rest.popFirst() ?? 0
        let count = Int(rest.popFirst() ?? 0)
        let bytes = Array(rest.prefix(count))
        rest = rest.dropFirst(count)
        switch kind % 5 {
        case 0: return nil
        case 1: return bytes.reduce(Int64(0)) { $0 << 8 | Int64($1) }
        case 2: return String(decoding: bytes, as: UTF8.self)
        case 3: return Double(bitPattern: bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        default: return Data(bytes)
        }
    }
}
