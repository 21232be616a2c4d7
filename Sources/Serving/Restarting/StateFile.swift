import Broadcasting
import Bytes

/// The file in which one process leaves its state for the next: a mark, a version, the hub, and a record for each
/// connection, in the order of their sockets. A process that does not understand all of it, refuses all of it.
enum StateFile {
    /// "crier-st", as a number.
    static let mark: UInt64 = 0x7473_2d72_6569_7263
    /// Changes with every change of the format.
    static let version: UInt64 = 2

    /// What stands in front.
    struct Header: Sendable {
        /// The version of the program that wrote it.
        let program: String
        /// How many restarts and crashes the streams had survived.
        let restarts: Int
        /// The epoch of the log.
        let epoch: Epoch
        /// Milliseconds of the monotonic clock when its loops stood still.
        let time: UInt64
        /// Where the history is; another place is another history.
        let history: String
        /// The listening sockets that come with it.
        let listeners: [OpenListener]

        func write(to writer: inout ByteWriter) {
            writer.write(mark)
            writer.write(version)
            writer.write(program)
            writer.write(count: restarts)
            writer.write(epoch.description)
            writer.write(time)
            writer.write(count: listeners.count)
            for listener in listeners {
                writer.write(listener.key)
                writer.write(listener.isLocal)
                writer.write(listener.address)
            }
            writer.write(history)
        }

        init(
            program: String, restarts: Int, epoch: Epoch, time: UInt64, listeners: [OpenListener], history: String
        ) {
            (self.program, self.restarts, self.epoch, self.time) = (program, restarts, epoch, time)
            (self.listeners, self.history) = (listeners, history)
        }

        init(_ reader: inout ByteReader) throws(ByteReader.Damage) {
            guard try reader.number() == mark else { throw ByteReader.Damage("it is no state of crier") }
            let found = try reader.number()
            guard found == version else {
                throw ByteReader.Damage("it has version \(found), and this crier reads version \(version)")
            }
            program = try reader.text()
            restarts = Int(try reader.tally())
            epoch = Epoch(description: try reader.text())
            time = try reader.number()
            listeners = try reader.list { reader throws(ByteReader.Damage) in
                OpenListener(
                    key: try reader.text(), isLocal: try reader.flag(), address: try reader.text())
            }
            history = try reader.text()
        }
    }
}

/// A listening socket of the process before.
public struct OpenListener: Sendable, Hashable {
    /// How the configuration names it.
    public let key: String
    /// Whether only this machine can reach it.
    public let isLocal: Bool
    /// The address that it is bound to.
    public let address: String
}
