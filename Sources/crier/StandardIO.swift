import Glibc
import Kernel
import SystemPackage

/// Reads standard input and writes standard output and standard error.
enum StandardIO {
    /// Writes text to standard output.
    static func write(_ text: String) {
        write(Array(text.utf8))
    }

    /// Writes all bytes to standard output without a buffer, so that the reader of a pipe sees each event at once. When
    /// the reader has closed the pipe, it exits with 0.
    static func write(_ bytes: [UInt8]) {
        guard writeAll(bytes, to: .output) else { exit(0) }
    }

    /// Writes a line to standard error, with the name of the program.
    static func writeError(_ text: String) {
        _ = writeAll(Array("crier: \(text)\n".utf8), to: .error)
    }

    /// Reads a file or a pipe to its end.
    ///
    /// - Throws: the error of a failed read.
    static func readAll(_ descriptor: borrowing Descriptor) throws(Errno) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            switch descriptor.read(into: &buffer) {
            case .bytes(let count): bytes += buffer[..<count]
            case .end: return bytes
            case .wouldBlock: throw .wouldBlock
            case .failed(let error): throw error
            }
        }
    }

    private static func writeAll(_ bytes: [UInt8], to stream: StandardStream) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard case .wrote(let count) = stream.write(Array(rest)) else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
