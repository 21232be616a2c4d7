import Glibc
import Kernel
import SystemPackage

/// Standard input, output and error.
enum Standard {
    /// Writes text to standard output.
    static func write(_ text: String) {
        write(Array(text.utf8))
    }

    /// Writes all bytes to standard output, at once and unbuffered: whoever reads a pipe of ours sees each event as it
    /// comes. Ends the program quietly when nobody reads any more, as `cat` would.
    static func write(_ bytes: [UInt8]) {
        guard writeAll(bytes, to: STDOUT_FILENO) else { exit(0) }
    }

    /// Writes a line to standard error.
    static func complain(_ text: String) {
        _ = writeAll(Array("crier: \(text)\n".utf8), to: STDERR_FILENO)
    }

    /// Reads a file or a pipe to its end.
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

    private static func writeAll(_ bytes: [UInt8], to number: CInt) -> Bool {
        let descriptor = Descriptor(owning: number)
        var rest = bytes[...]
        var isWhole = true
        while !rest.isEmpty {
            guard case .wrote(let count) = descriptor.write(Array(rest)) else {
                isWhole = false
                break
            }
            rest = rest.dropFirst(count)
        }
        _ = descriptor.release()
        return isWhole
    }
}
