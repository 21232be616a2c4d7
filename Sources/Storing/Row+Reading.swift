import Broadcasting
import Foundation
import GRDB

// The subscripts of the library end the process when a value is not what was expected; in a damaged file anything can be.
extension Row {
    /// A whole number; nil for everything else.
    func integer(_ index: Int) -> Int64? { Int64.fromDatabaseValue(self[index]) }

    /// A number that cannot be negative; nil for everything else.
    func number(_ index: Int) -> UInt64? { integer(index).flatMap { $0 >= 0 ? UInt64($0) : nil } }

    /// Text; nil for everything else.
    func text(_ index: Int) -> String? { String.fromDatabaseValue(self[index]) }

    /// Bytes; nil for everything else.
    func bytes(_ index: Int) -> [UInt8]? { Data.fromDatabaseValue(self[index]).map(Array.init) }

    /// The name of a channel; nil for everything else.
    func channelName(_ index: Int) -> ChannelName? { text(index).flatMap { try? ChannelName($0) } }
}
