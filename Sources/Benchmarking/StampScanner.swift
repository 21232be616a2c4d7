import Glibc

/// Finds the stamps in a stream of bytes that comes in any pieces.
///
/// It looks for the mark and steps over the padding, whatever the server puts around a payload; at more than a
/// million events a second, parsing every line would measure the generator and not the server.
struct StampScanner {
    private let size: Int
    /// Bytes of the present payload that are still to come, its last one included.
    private var left = 0
    /// The beginning of a stamp that a piece cut in two.
    private var held: [UInt8] = []
    /// Payloads whose last byte was not where it should be.
    private(set) var damaged = 0

    /// - Parameter size: bytes of a payload.
    init(size: Int) {
        self.size = size
    }

    /// Takes the next piece and hands over each stamp in it.
    @inline(__always)
    mutating func scan(_ bytes: UnsafeRawBufferPointer, _ found: (Stamp) -> Void) {
        var at = 0
        while at < bytes.count {
            if left > 0 {
                let step = min(left, bytes.count - at)
                at += step
                left -= step
                if left == 0, unsafe bytes[at - 1] != Stamp.endMark { damaged += 1 }
            } else if !held.isEmpty {
                while held.count < Stamp.size, at < bytes.count {
                    unsafe held.append(bytes[at])
                    at += 1
                }
                guard held.count == Stamp.size else { return }
                if let stamp = unsafe held.withUnsafeBytes({ unsafe Stamp($0) }) {
                    found(stamp)
                    left = size - Stamp.size
                    held.removeAll(keepingCapacity: true)
                } else {
                    // The mark was a stranger's, and the stamp may begin within what was held.
                    let next = held.dropFirst().firstIndex(of: Stamp.mark) ?? held.endIndex
                    held.removeSubrange(..<next)
                }
            } else {
                let rest = unsafe bytes.baseAddress! + at
                guard let mark = unsafe memchr(rest, CInt(Stamp.mark), bytes.count - at) else { return }
                at += unsafe mark - UnsafeMutableRawPointer(mutating: rest)
                guard bytes.count - at >= Stamp.size else {
                    unsafe held.append(contentsOf: bytes[at...])
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
