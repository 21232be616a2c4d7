/// Writes bytes one after the other into memory that has room for them.
@safe
public struct MemoryWriter: ~Copyable {
    private var next: UnsafeMutableRawPointer

    /// Starts at the first byte.
    ///
    /// - Parameter memory: must have room for everything that is written, and live as long as the writer.
    @unsafe
    public init(_ memory: UnsafeMutableRawPointer) {
        unsafe next = memory
    }

    /// Writes the bytes of a text.
    public mutating func write(_ text: StaticString) {
        unsafe write(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Writes the UTF-8 of a text.
    public mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { unsafe write(UnsafeRawBufferPointer($0)) }
    }

    /// Writes a part of an array.
    public mutating func write(_ bytes: [UInt8], _ range: Range<Int>) {
        unsafe bytes.withUnsafeBytes { unsafe write(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// Writes one byte.
    public mutating func write(_ byte: UInt8) {
        unsafe next.storeBytes(of: byte, as: UInt8.self)
        unsafe next += 1
    }

    private mutating func write(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        unsafe next.copyMemory(from: start, byteCount: bytes.count)
        unsafe next += bytes.count
    }
}
