import Glibc

/// Finds the stamps in a stream, from pieces of any size.
///
/// It searches for the mark and skips the padding, so it works whatever a server puts around a payload. Parsing every
/// line of more than a million events a second would measure the generator and not the server.
struct StampScanner {
    private let size: Int
    /// Bytes of the current payload still to arrive, including its last one.
    private var left = 0
    /// The beginning of a stamp whose end is in the next piece.
    private var partial: [UInt8] = []
    /// Payloads with a wrong last byte.
    private(set) var damaged = 0

    /// - Parameter size: the bytes of a payload.
    init(size: Int) {
        self.size = size
    }

    /// Scans the next piece and calls `found` with each stamp in it.
    @inline(__always)
    mutating func scan(_ bytes: UnsafeRawBufferPointer, _ found: (Stamp) -> Void) {
        var at = 0
        while at < bytes.count {
            if left > 0 {
                let step = min(left, bytes.count - at)
                at += step
                left -= step
                if left == 0, unsafe bytes[at - 1] != Stamp.endMark { damaged += 1 }
            } else if !partial.isEmpty {
                while partial.count < Stamp.size, at < bytes.count {
                    unsafe partial.append(bytes[at])
                    at += 1
                }
                guard partial.count == Stamp.size else { return }
                if let stamp = unsafe partial.withUnsafeBytes({ unsafe Stamp($0) }) {
                    found(stamp)
                    left = size - Stamp.size
                    partial.removeAll(keepingCapacity: true)
                } else {
                    // The mark was not that of a stamp, and a stamp may begin within the partial bytes.
                    let next = partial.dropFirst().firstIndex(of: Stamp.mark) ?? partial.endIndex
                    partial.removeSubrange(..<next)
                }
            } else {
                let rest = unsafe bytes.baseAddress! + at
                guard let mark = unsafe memchr(rest, CInt(Stamp.mark), bytes.count - at) else { return }
                at += unsafe mark - UnsafeMutableRawPointer(mutating: rest)
                guard bytes.count - at >= Stamp.size else {
                    unsafe partial.append(contentsOf: bytes[at...])
                    return
                }
                if let stamp = unsafe Stamp(UnsafeRawBufferPointer(rebasing: bytes[at..<at + Stamp.size])) {
                    found(stamp)
                    left = size - Stamp.size
                    at += Stamp.size
                } else {
                    at += 1
                }
            }
        }
    }
}
