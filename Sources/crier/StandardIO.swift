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

    private static func writeAll(_ bytes: [UInt8], to stream: StandardStream) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard case .wrote(let count) = stream.write(Array(rest)) else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
