import Broadcasting
import Foundation
import GRDB

// GRDB's subscripts end the process when a value has an unexpected type, which a damaged file may contain.
extension Row {
    /// A whole number; nil for any other value.
    func integer(_ index: Int) -> Int64? { Int64.fromDatabaseValue(self[index]) }

    /// A whole number from 0 on; nil for any other value.
    func number(_ index: Int) -> UInt64? { integer(index).flatMap { $0 >= 0 ? UInt64($0) : nil } }

    /// Text; nil for any other value.
    func text(_ index: Int) -> String? { String.fromDatabaseValue(self[index]) }

    /// Bytes; nil for any other value.
    func bytes(_ index: Int) -> [UInt8]? { Data.fromDatabaseValue(self[index]).map(Array.init) }

    /// The name of a channel; nil for any other value.
    func channelName(_ index: Int) -> ChannelName? { text(index).flatMap { try? ChannelName($0) } }
}
